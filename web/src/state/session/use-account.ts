import { useSyncExternalStore } from 'react'
import { type Account, currentAccount, subscribeAccounts } from './accounts.ts'

const UNKNOWN = 'unknown' as const

/** The current account for pages outside the app; `unknown` until this browser's memory is read. */
export function useAccount(): Account | null | 'unknown' {
  return useSyncExternalStore<Account | null | 'unknown'>(
    subscribeAccounts,
    currentAccount,
    () => UNKNOWN,
  )
}
