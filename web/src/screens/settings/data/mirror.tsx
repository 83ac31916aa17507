'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useT } from '../../../i18n/client.tsx'
import { endMirror, IDLE, pauseMirror, setMirrorStatus } from '../../../state/data/mirror-status.ts'
import { useMirror } from '../../../state/queries/mirror.ts'
import { usageKey } from '../../../state/queries/usage.ts'
import { useConfig } from '../../../state/services.ts'
import type { RootSecret } from '../../../state/session/root.ts'
import { useViewerSession } from '../../../state/session/viewer.tsx'
import { Button } from '../../../ui/button.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { showToast } from '../../../ui/toast.tsx'
import { Card } from './card.tsx'
import { CodeField, HomeField } from './home-fields.tsx'
import { MirrorActions } from './mirror-actions.tsx'
import { MirrorState } from './mirror-state.tsx'
import { MoveReport } from './move-report.tsx'
import { MoveSteps } from './move-steps.tsx'
import { Unlock } from './unlock.tsx'

type Goal = 'mirror' | 'home'

/** A standing copy at a second homeserver, and how it becomes the home. */
export function Mirror({ user }: { user: string }) {
  const t = useT()
  const config = useConfig()
  const client = useQueryClient()
  const { account } = useViewerSession()
  const { status, look } = useMirror(user)
  const [goal, setGoal] = useState<Goal | null>(null)
  const [to, setTo] = useState('')
  const [code, setCode] = useState('')
  const { state } = status
  const kept = look?.kept ?? null

  useEffect(() => {
    if (state === 'promoted') void client.invalidateQueries({ queryKey: usageKey(user) })
    // What was entered is kept only until it has worked.
    if (state === 'fresh' || state === 'promoting' || state === 'promoted') setGoal(null)
  }, [state, client, user])

  async function start(secret: RootSecret) {
    if (!account || !goal) return
    const { runMirror } = await import('../../../state/data/mirror.ts')
    const request = { config, account, secret, goal, code: code.trim() }
    void runMirror({ ...request, to: kept?.to ?? to.trim() })
  }

  async function end() {
    setGoal(null)
    await endMirror(user)
    setMirrorStatus(IDLE)
    showToast('good', t('mirror.ended'))
  }

  if (status.state === 'promoted')
    return (
      <Card id="mirror" title={t('mirror.title')}>
        <MoveReport moved={status.moved} />
      </Card>
    )
  if (status.state === 'promoting')
    return (
      <Card id="mirror" title={t('mirror.title')}>
        <MoveSteps progress={status.progress} fromArchive={false} onStop={pauseMirror} />
      </Card>
    )
  const isAtWork = ['opening', 'copying', 'fresh', 'trouble'].includes(state)
  const isSetUp = kept !== null || state === 'fresh' || state === 'trouble'
  return (
    <Card id="mirror" title={t('mirror.title')} text={t('mirror.text')}>
      {look === undefined ? <Skeleton className="h-10 w-44 rounded-full" /> : null}
      {isSetUp || isAtWork || state === 'home' ? (
        <MirrorState
          status={goal && state === 'failed' ? IDLE : status}
          kept={kept}
          isElsewhere={look?.isElsewhere ?? false}
        />
      ) : null}
      {look && (isAtWork || (isSetUp && goal === null)) ? (
        <MirrorActions
          isAtWork={isAtWork}
          isElsewhere={look.isElsewhere}
          canPromote={kept?.freshAtMs != null}
          onGoOn={() => setGoal('mirror')}
          onPromote={() => setGoal('home')}
          onEnd={() => void end()}
        />
      ) : null}
      {look && !isSetUp && !isAtWork && goal === null ? (
        <>
          <Facts />
          <Button look="outline" onClick={() => setGoal('mirror')}>
            {t('mirror.setUp')}
          </Button>
        </>
      ) : null}
      {goal && !look?.isElsewhere ? (
        <div hidden={isAtWork} className="mt-5">
          <Unlock
            text={t(goal === 'home' ? 'data.unlockText' : 'mirror.unlockText')}
            submit={t(goal === 'home' ? 'mirror.promote' : kept ? 'mirror.goOn' : 'mirror.start')}
            ready={kept !== null || to.trim() !== ''}
            failed={status.state === 'failed' ? status : null}
            onUnlock={(secret) => void start(secret)}
            aside={
              <Button look="quiet" onClick={() => setGoal(null)}>
                {t('common.cancel')}
              </Button>
            }
          >
            {kept ? null : (
              <>
                <HomeField label={t('mirror.to')} home={to} onChange={setTo} />
                <CodeField code={code} onChange={setCode} />
              </>
            )}
          </Unlock>
        </div>
      ) : null}
    </Card>
  )
}

function Facts() {
  const t = useT()
  return (
    <ul
      aria-label={t('mirror.facts')}
      className="mb-5 grid list-disc gap-1.5 ps-5 text-sm text-soft"
    >
      <li>{t('mirror.fact1')}</li>
      <li>{t('mirror.fact2')}</li>
      <li>{t('mirror.fact3')}</li>
    </ul>
  )
}
