import { parsePublicKeyLenient } from '@pubky/protocol/keys'
import { moveHome } from '@pubky/sdk/move'
import { moveFromArchive } from '@pubky/sdk/move-archive'
import type { MoveProgress } from '@pubky/sdk/move-types'
import type { RuntimeConfig } from '../config.ts'
import type { Account } from '../session/accounts.ts'
import { pubkyClient } from '../session/connection.ts'
import { type RootSecret, withRoot } from '../session/root.ts'
import { arrive, type Moved } from './arrive.ts'
import { blobArchive } from './blob-archive.ts'
import { placeStore } from './move-place.ts'

// Loaded when somebody moves.

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

/** Moves an account, or goes on with its move. */
export async function moveData(request: MoveRequest): Promise<Moved> {
  const { config, account, secret, code, archive, signal, onProgress } = request
  const { user } = account
  const to = parsePublicKeyLenient(request.to)
  return arrive(config, account, to, () =>
    withRoot(user, secret, (root) => {
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
    }),
  )
}
