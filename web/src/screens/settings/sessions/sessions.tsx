'use client'

import { useEffect, useState } from 'react'
import { useT } from '../../../i18n/client.tsx'
import type { SessionsDoor } from '../../../state/data/sessions.ts'
import { useConfig } from '../../../state/services.ts'
import type { RootSecret } from '../../../state/session/root.ts'
import { useViewerSession } from '../../../state/session/viewer.tsx'
import { Spinner } from '../../../ui/spinner.tsx'
import { Card } from '../data/card.tsx'
import { Unlock } from '../data/unlock.tsx'
import { useJob } from '../data/use-job.ts'
import { SessionList } from './session-list.tsx'

/** Where the account is signed in, for whoever has its key. */
export function Sessions({ user }: { user: string }) {
  const t = useT()
  const config = useConfig()
  const { account } = useViewerSession()
  const { job, run } = useJob<never, SessionsDoor>()
  const [ended, setEnded] = useState<SessionsDoor | null>(null)
  const door = job.state === 'done' ? job.result : null
  const isOpen = door !== null && door !== ended

  // Nobody keeps the right longer than the page.
  useEffect(() => (door ? () => door.close() : undefined), [door])

  function open(secret: RootSecret) {
    void run(async ({ signal }) => {
      if (!account) throw new Error('nobody is signed in')
      const { openSessions } = await import('../../../state/data/sessions.ts')
      return openSessions(config, account, secret, { signal })
    })
  }

  if (isOpen) return <SessionList user={user} door={door} onEnded={() => setEnded(door)} />
  const isBusy = job.state === 'running'
  return (
    <Card title={t('sessions.title')} text={t('sessions.lockedText')}>
      {isBusy ? (
        <p role="status" className="flex items-center gap-3 text-sm">
          <Spinner />
          {t('data.stepOpen')}
        </p>
      ) : null}
      {/* What was entered stays until the key has opened. */}
      <div hidden={isBusy}>
        <Unlock
          text={t('sessions.unlockText')}
          submit={t('sessions.open')}
          failed={job.state === 'failed' ? job : null}
          onUnlock={open}
        >
          {door ? (
            <p role="status" className="rounded-md bg-raised p-4 text-sm font-medium">
              {t('sessions.doorEnded')}
            </p>
          ) : null}
        </Unlock>
      </div>
    </Card>
  )
}
