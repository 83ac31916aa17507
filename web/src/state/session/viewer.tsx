'use client'

import {
  createContext,
  type ReactNode,
  use,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import { type Account, currentAccount, repairViewerCookie, subscribeAccounts } from './accounts.ts'

export interface Viewer {
  /** The person who reads; null for a guest. Known from the first render on. */
  id: string | null
}

export interface ViewerSession {
  account: Account | null
  /** The homeserver no longer takes our session: sign in again. */
  ended: boolean
}

interface SessionState extends ViewerSession {
  setEnded: (grant: string | null) => void
}

const ViewerContext = createContext<Viewer>({ id: null })

// Apart, because it is known later than the person: most components do not wait for it.
const SessionContext = createContext<SessionState>({
  account: null,
  ended: false,
  setEnded: () => {},
})

const REPAIRED = 'pubky-repaired'
const REPAIR_PAUSE_MS = 10_000

/** Without a connection a reload brings the same page again, and would do so for ever. */
function wasRepaired(): boolean {
  const lastMs = Number(sessionStorage.getItem(REPAIRED))
  sessionStorage.setItem(REPAIRED, String(Date.now()))
  return Date.now() - lastMs < REPAIR_PAUSE_MS
}

/** `initial` is what the server saw in the cookie, so that no page flashes while the account loads. */
export function ViewerProvider({
  initial,
  children,
}: {
  initial: string | null
  children: ReactNode
}) {
  const account = useSyncExternalStore(subscribeAccounts, currentAccount, () => null)
  const [endedGrant, setEnded] = useState<string | null>(null)
  const ended = endedGrant !== null && endedGrant === account?.grant
  const [shown] = useState(initial)

  useEffect(() => {
    // Signed in or out elsewhere, or the cookie was lost: render again with what is true.
    if (!repairViewerCookie(shown) || wasRepaired()) return
    const person = currentAccount()?.stage === 'ready' ? currentAccount()?.user : null
    import('../../offline/register.ts')
      .then(({ notePerson }) => notePerson(person ?? 'guest'))
      .catch(() => {})
      .finally(() => location.reload())
  }, [shown])

  useEffect(
    () =>
      subscribeAccounts(() => {
        const next = currentAccount()
        if ((next?.stage === 'ready' ? next.user : null) !== shown) location.assign('/home')
      }),
    [shown],
  )

  const viewer = useMemo(() => ({ id: shown }), [shown])
  const session = useMemo(() => ({ account, ended, setEnded }), [account, ended])
  return (
    <ViewerContext value={viewer}>
      <SessionContext value={session}>{children}</SessionContext>
    </ViewerContext>
  )
}

/** Who reads. `id` is null for guests. */
export function useViewer(): Viewer {
  return use(ViewerContext)
}

/** The account of this browser and whether its session still holds. */
export function useViewerSession(): ViewerSession {
  return use(SessionContext)
}

/** Says whose session has ended: signing in again, in whichever tab, brings another grant. */
export function useSetSessionEnded(): SessionState['setEnded'] {
  return use(SessionContext).setEnded
}
