import type { MoveReport } from '@pubky/sdk/move-types'
import type { RuntimeConfig } from '../config.ts'
import type { Account } from '../session/accounts.ts'
import { followHome, sessionOf } from '../session/connection.ts'
import { tellIndexer } from '../session/first-profile.ts'
import { forgetMove, unfinishedMove } from './move-place.ts'

export interface Moved {
  report: MoveReport
  to: string
  /** Whether the app's own key works at the new home. */
  signedIn: boolean
}

/** Does a move, in one tab at a time, and what is due when it has arrived. */
export function arrive(
  config: RuntimeConfig,
  account: Account,
  to: string,
  move: () => Promise<MoveReport>,
): Promise<Moved> {
  const { user } = account
  return navigator.locks.request(`pubky-move:${user}`, { ifAvailable: true }, async (held) => {
    if (!held) throw Object.assign(new Error('another tab moves'), { code: 'elsewhere' })
    const report = await move().catch(async (error: unknown) => {
      // Nothing lies at the new home yet: perhaps its key or the code was mistyped.
      const place = await unfinishedMove(user)
      if (place?.step === 'copy' && place.cursor === null) await forgetMove(user)
      throw error
    })
    await forgetMove(user)
    tellIndexer(config, user)
    await followHome(config, user).catch(() => {})
    // The grant names no homeserver: the key of this browser holds at the new one as well.
    const signedIn = await sessionOf(config, account).then(
      (session) => session.homeserver === to,
      () => false,
    )
    return { report, to, signedIn }
  })
}
