import { useSyncExternalStore } from 'react'
import { notePerson } from '../../offline/register.ts'
import { type Account, listAccounts, makeCurrent, subscribeAccounts } from './accounts.ts'

const NONE: readonly Account[] = []

/** Everybody who is signed in in this browser; nobody until its memory is read. */
export function useAccounts(): readonly Account[] {
  return useSyncExternalStore(subscribeAccounts, listAccounts, () => NONE)
}

/** Those one can switch to; null until this browser's memory is read. */
export function useOthers(current: string | null): readonly Account[] | null {
  const all = useAccounts()
  if (all === NONE) return null
  return all.filter(({ user, stage }) => stage === 'ready' && user !== current)
}

/** Another account comes to the front. The app starts afresh with it, in every tab. */
export async function switchAccount(user: string): Promise<void> {
  // Without a connection its own pages are shown, not those of the account before.
  await notePerson(user).catch(() => {})
  makeCurrent(user)
  location.assign('/home')
}
