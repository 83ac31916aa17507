'use client'

import type { MovePlace, MoveProgress } from '@pubky/sdk/move-types'
import { useQueryClient } from '@tanstack/react-query'
import { FileCheck2 } from 'lucide-react'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { useT } from '../../../i18n/client.tsx'
import type { Moved } from '../../../state/data/arrive.ts'
import { IDLE, mirrorStatus, subscribeMirror } from '../../../state/data/mirror-status.ts'
import { usageKey } from '../../../state/queries/usage.ts'
import { useConfig } from '../../../state/services.ts'
import type { RootSecret } from '../../../state/session/root.ts'
import { useViewerSession } from '../../../state/session/viewer.tsx'
import { shortKey } from '../../../state/views.ts'
import { Button } from '../../../ui/button.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { showToast } from '../../../ui/toast.tsx'
import { FileField } from '../../sign-in/file-field.tsx'
import { Card } from './card.tsx'
import { CodeField, HomeField } from './home-fields.tsx'
import { MoveReport } from './move-report.tsx'
import { MoveSteps } from './move-steps.tsx'
import { Unlock } from './unlock.tsx'
import { useJob } from './use-job.ts'

/** The account goes to another homeserver, in steps that can be taken up again. */
export function MoveHome({ user }: { user: string }) {
  const t = useT()
  const config = useConfig()
  const client = useQueryClient()
  const { account } = useViewerSession()
  const [isOpen, setOpen] = useState(false)
  const [to, setTo] = useState('')
  const [code, setCode] = useState('')
  const [archive, setArchive] = useState<File | null>(null)
  const { job, run, stop } = useJob<MoveProgress, Moved>()
  const { place, forget } = useUnfinished(user, job.state)

  function start(secret: RootSecret) {
    void run(async (o) => {
      if (!account) throw new Error('nobody is signed in')
      const { moveData } = await import('../../../state/data/move.ts')
      const request = { config, account, secret, code: code.trim(), archive, ...o }
      const moved = await moveData({ ...request, to: place?.to ?? to.trim() })
      await client.invalidateQueries({ queryKey: usageKey(user) })
      return moved
    })
  }

  async function giveUp() {
    await forget()
    showToast('good', t('data.moveGaveUp'))
  }

  const failed = job.state === 'failed' ? job : null
  return (
    <Card id="move" title={t('data.move')} text={t('data.moveText')}>
      {job.state === 'running' ? (
        <MoveSteps progress={job.progress} fromArchive={archive !== null} onStop={stop} />
      ) : null}
      {/* What was entered stays until the move has worked. */}
      <div hidden={job.state === 'running'}>
        {job.state === 'done' ? (
          <MoveReport moved={job.result} />
        ) : place === undefined ? (
          <Skeleton className="h-10 w-28 rounded-full" />
        ) : place ? (
          <Unlock
            submit={t('data.moveOn')}
            failed={failed}
            onUnlock={start}
            aside={
              isPublished(place) ? null : (
                <Button look="quiet" onClick={giveUp}>
                  {t('data.moveGiveUp')}
                </Button>
              )
            }
          >
            <div className="rounded-md bg-raised p-4 text-sm">
              <p className="font-semibold">
                {t('data.moveUnderWay', { homeserver: shortKey(place.to) })}
              </p>
              {isPublished(place) ? (
                <p className="mt-1">{t('data.moveUnderWayPublished')}</p>
              ) : null}
            </div>
            <CodeField code={code} onChange={setCode} />
            <ArchiveField file={archive} onChange={setArchive} />
          </Unlock>
        ) : isOpen ? (
          <Unlock
            submit={t('data.moveRun')}
            ready={to.trim() !== ''}
            failed={failed}
            onUnlock={start}
            aside={
              <Button look="quiet" onClick={() => setOpen(false)}>
                {t('common.cancel')}
              </Button>
            }
          >
            <HomeField label={t('data.moveTo')} home={to} onChange={setTo} />
            <CodeField code={code} onChange={setCode} />
            <ArchiveField file={archive} onChange={setArchive} />
          </Unlock>
        ) : (
          <Button look="outline" onClick={() => setOpen(true)}>
            {t('data.moveStart')}
          </Button>
        )}
      </div>
    </Card>
  )
}

function isPublished({ step }: MovePlace): boolean {
  return step === 'publish' || step === 'follow'
}

function ArchiveField(props: { file: File | null; onChange: (file: File | null) => void }) {
  const t = useT()
  return (
    <details open={props.file !== null || undefined}>
      <summary className="cursor-pointer text-sm font-semibold">{t('data.moveGone')}</summary>
      <p className="mt-2 mb-3 text-sm text-mute">{t('data.moveGoneText')}</p>
      <FileField
        icon={FileCheck2}
        label={t('data.checkFile')}
        choose={t('data.checkChoose')}
        hint={t('data.checkHint')}
        {...props}
      />
    </details>
  )
}

/** The move that was begun here and has not ended; undefined until it is known. */
function useUnfinished(user: string, state: string) {
  const [place, setPlace] = useState<MovePlace | null | undefined>(undefined)
  // A mirror that becomes the home keeps its place here, too.
  const mirror = useSyncExternalStore(subscribeMirror, mirrorStatus, () => IDLE).state
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is kept changes with the mirror.
  useEffect(() => {
    if (state === 'running') return
    let isCurrent = true
    const show = (found: MovePlace | null) => {
      if (isCurrent) setPlace(found)
    }
    import('../../../state/data/move-place.ts')
      .then(({ unfinishedMove }) => unfinishedMove(user))
      .then(show, () => show(null))
    return () => {
      isCurrent = false
    }
  }, [user, state, mirror])

  async function forget() {
    const { forgetMove } = await import('../../../state/data/move-place.ts')
    await forgetMove(user)
    setPlace(null)
  }
  return { place, forget }
}
