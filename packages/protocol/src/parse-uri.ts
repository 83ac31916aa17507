import { splitUri } from './address.ts'
import type { PublicKeyZ32, StoragePath } from './brands.ts'
import { parsePublicKey } from './keys.ts'

/**
 * Reads `pubky://<key>/…` and `pubky<key>/…` (spec/homeserver.md 1.2). Throws `invalid_address`,
 * `invalid_public_key` or `invalid_path`.
 */
export function parseUri(text: string): { owner: PublicKeyZ32; path: StoragePath } {
  const { owner, path } = splitUri(text)
  return { owner: parsePublicKey(owner), path }
}
