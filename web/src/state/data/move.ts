import { parsePublicKeyLenient } from '@pubky/protocol/keys'
import { moveHome } from '@pubky/sdk/move'
import { moveFromArchive } from '@pubky/sdk/move-archive'
import type { MoveProgress, MoveReport } from '@pubky/sdk/move-types'
import type { RuntimeConfig } from '../config.ts'
import type { Account } from '../session/accounts.ts'
import { followHome, pubkyClient, sessionOf } from '../session/connection.ts'
import { tellIndexer } from '../session/first-profile.ts'
import { type RootSecret, withRoot } from '../session/root.ts'
import { blobArchive } from './blob-archive.ts'
import { forgetMove, placeStore, unfinishedMove } from './move-place.ts'

// Loaded when somebody moves.

export interface Moved {
  report: MoveReport
  to: string
  /** Whether the app's own key works at the new home. */
  signedIn: boolean
}

interface MoveRequest {
  config: RuntimeConfig
  account: Account
  secret: RootSecret
  to: string
  code: string
  /** What is moved when the old home is gone. */
  archive: Blob | null
  signal: AbortSignal
  onProgress: (progress: MoveProgress) => void
}

/** Moves an account, or goes on with its move; in one tab at a time. */
export function moveData(request: MoveRequest): Promise<Moved> {
  const lock = `pubky-move:${request.account.user}`
  return navigator.locks.request(lock, { ifAvailable: true }, (held) => {
    if (!held) throw Object.assign(new Error('another tab moves'), { code: 'elsewhere' })
    return move(request)
  })
}

async function move(request: MoveRequest): Promise<Moved> {
  const { config, account, secret, code, archive, signal, onProgress } = request
  const { user } = account
  const to = parsePublicKeyLenient(request.to)
  const report = await withRoot(user, secret, (root) => {
    onProgress({ step: 'copy', done: 0, total: 0 })
    const options = {
      to,
      place: placeStore(user),
      signal,
      onProgress,
      ...(code && { signupToken: code }),
    }
    const pubky = pubkyClient(config)
    if (!archive) return moveHome(pubky, root, options)
    return moveFromArchive(pubky, root, { ...options, file: blobArchive(archive) })
  }).catch(async (error: unknown) => {
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
}
