import { parsePublicKey } from '@pubky/protocol/keys'
import { keys } from '../../keys/index.ts'
import { forgetPages } from '../../offline/register.ts'
import type { RuntimeConfig } from '../config.ts'
import { endMirror } from '../data/mirror-status.ts'
import { forgetPerson, openDatabase, rangeOf } from '../database.ts'
import { rescue } from '../outbox/to-draft.ts'
import { type Account, currentAccount, removeAccount } from './accounts.ts'
import { forgetSession, sessionOf } from './connection.ts'

const SERVER_LIMIT_MS = 4000

/**
 * Ends the session and removes keys, cache and unsent writes of the person from this browser. Works
 * without the server too; `told` says whether it knows, `next` who is in use from now on.
 */
export async function signOut(
  config: RuntimeConfig,
  account: Account,
): Promise<{ told: boolean; next: string | null }> {
  let told = false
  try {
    const signal = AbortSignal.timeout(SERVER_LIMIT_MS)
    const session = await sessionOf(config, account)
    await session.signOut({ signal })
    told = true
  } catch {
    // The grant stays until it expires or is revoked elsewhere; the key for it is deleted below.
  }
  await rescueUnsent(account.user).catch(() => {})
  await endMirror(account.user).catch(() => {})
  forgetSession(account.user)
  await Promise.allSettled([
    keys.forget(parsePublicKey(account.user)),
    forgetPerson(account.user),
    forgetPages(),
  ])
  removeAccount(account.user)
  return {
    told,
    next: currentAccount()?.stage === 'ready' ? (currentAccount()?.user ?? null) : null,
  }
}

/** Words that were not sent stay in this browser as drafts of the person. */
async function rescueUnsent(user: string): Promise<void> {
  const pending = await (await openDatabase()).getAll('pending', rangeOf(user))
  for (const one of pending) if (one.state !== 'sent') await rescue(user, one)
}
