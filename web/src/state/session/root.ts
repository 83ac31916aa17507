import type { Signer } from '@pubky/protocol'
import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { KeyError, keys, rootSigner } from '../../keys/index.ts'

// Loaded only when somebody opens a key.

/** What opens a root key. */
export type RootSecret = { file: Uint8Array; password: string } | { phrase: string }

/** How many works need a key that is open: a mirror may run while something else comes and goes. */
const works = new Map<PublicKeyZ32, number>()

/** The key signs, in the worker, for as long as `work` lasts. */
export async function whileOpen<T>(
  secret: RootSecret,
  work: (user: PublicKeyZ32) => Promise<T>,
): Promise<T> {
  const { user } =
    'phrase' in secret
      ? await keys.openPhrase(secret.phrase)
      : await keys.openFile(secret.file, secret.password)
  works.set(user, (works.get(user) ?? 0) + 1)
  try {
    return await work(user)
  } finally {
    const others = (works.get(user) ?? 1) - 1
    if (others > 0) works.set(user, others)
    else {
      works.delete(user)
      await keys.finishRoot(user)
    }
  }
}

/** Opens the root key of an account for as long as `work` lasts; no other key will do. */
export function withRoot<T>(
  user: string,
  secret: RootSecret,
  work: (root: Signer) => Promise<T>,
): Promise<T> {
  return whileOpen(secret, (opened) => {
    if (opened !== user) throw new KeyError('other_key')
    return work(rootSigner(opened))
  })
}
