import type { PublicKeyZ32, StoragePath } from './brands.ts'
import { ProtocolError } from './errors.ts'
import { parseStrictPath } from './path.ts'

/** The canonical address of a resource, with the decoded path (spec/homeserver.md 1.2). */
export function formatUri(owner: PublicKeyZ32, path: StoragePath): string {
  return `pubky://${owner}${path}`
}

const URI = /^(?:pubky:\/\/|pubky)([ybndrfg8ejkmcpqxot1uwisza345h769]{52})(\/.*)$/s

/**
 * Takes `pubky://<key>/…` or `pubky<key>/…` apart without asking whether the owner is a real key, so
 * that nothing of the curve is loaded. Throws `invalid_address` or `invalid_path`.
 */
export function splitUri(text: string): { owner: string; path: StoragePath } {
  const [, owner, path] = URI.exec(text) ?? []
  if (owner === undefined || path === undefined)
    throw new ProtocolError('invalid_address', 'not a pubky:// address')
  return { owner, path: parseStrictPath(path) }
}
