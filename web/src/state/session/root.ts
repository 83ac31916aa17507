import type { Signer } from '@pubky/protocol'
import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { KeyError, keys, rootSigner } from '../../keys/index.ts'

// Loaded only when somebody opens a key.

/** What opens a root key. */
export type RootSecret = { file: Uint8Array; password: string } | { phrase: string }

/** The key signs, in the worker, until `finishRoot`. */
export async function openRoot(secret: RootSecret): Promise<PublicKeyZ32> {
  const { user } =
    'phrase' in secret
      ? await keys.openPhrase(secret.phrase)
      : await keys.openFile(secret.file, secret.password)
  return user
}

/** Opens the root key of an account for as long as `work` lasts; no other key will do. */
export async function withRoot<T>(
  user: string,
  secret: RootSecret,
  work: (root: Signer) => Promise<T>,
): Promise<T> {
  const opened = await openRoot(secret)
  try {
    if (opened !== user) throw new KeyError('other_key')
    return await work(rootSigner(opened))
  } finally {
    await keys.finishRoot(opened)
  }
}
