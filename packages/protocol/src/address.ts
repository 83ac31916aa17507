import type { PublicKeyZ32, StoragePath } from './brands.ts'
import { ProtocolError } from './errors.ts'
import { parsePublicKey } from './keys.ts'
import { parseStrictPath } from './path.ts'

/** The canonical address of a resource, with the decoded path (spec/homeserver.md 1.2). */
export function formatUri(owner: PublicKeyZ32, path: StoragePath): string {
  return `pubky://${owner}${path}`
}

const URI = /^(?:pubky:\/\/|pubky)([a-z0-9]{52})(\/.*)$/s

/** Reads `pubky://<key>/…` and `pubky<key>/…`. Throws `invalid_address` or what its parts throw. */
export function parseUri(text: string): { owner: PublicKeyZ32; path: StoragePath } {
  const [, owner, path] = URI.exec(text) ?? []
  if (owner === undefined || path === undefined)
    throw new ProtocolError('invalid_address', 'not a pubky:// address')
  return { owner: parsePublicKey(owner), path: parseStrictPath(path) }
}
