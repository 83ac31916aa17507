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
  account: Account | null
  /** The homeserver no longer takes our session: sign in again. */
  ended: boolean
}

interface ViewerState extends Viewer {
  setEnded: (ended: boolean) => void
}

const ViewerContext = createContext<ViewerState>({
  id: null,
  account: null,
  ended: false,
  setEnded: () => {},
})

/** `initial` is what the server saw in the cookie, so that no page flashes while the account loads. */
export function ViewerProvider({
  initial,
  children,
}: {
  initial: string | null
  children: ReactNode
}) {
  const account = useSyncExternalStore(subscribeAccounts, currentAccount, () => null)
  const [ended, setEnded] = useState(false)
  const [shown] = useState(initial)

  useEffect(() => {
    // Signed in or out elsewhere, or the cookie was lost: render again with what is true.
    if (repairViewerCookie(shown)) location.reload()
  }, [shown])

  useEffect(
    () =>
      subscribeAccounts(() => {
        const next = currentAccount()
        if ((next?.stage === 'ready' ? next.user : null) !== shown) location.assign('/home')
      }),
    [shown],
  )

  const value = useMemo(() => ({ id: shown, account, ended, setEnded }), [shown, account, ended])
  return <ViewerContext value={value}>{children}</ViewerContext>
}

/** Who reads. `id` is null for guests. */
export function useViewer(): Viewer {
  return use(ViewerContext)
}

export function useSetSessionEnded(): (ended: boolean) => void {
  return use(ViewerContext).setEnded
}
