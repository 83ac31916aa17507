import {
  ProtocolError,
  type PublicKeyZ32,
  parseStrictPath,
  parseUri,
  type StoragePath,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'

export interface Address {
  owner: PublicKeyZ32
  path: StoragePath
}

/** Reads an address; a path alone belongs to `self`. Throws `bad_address`. */
export function toAddress(text: string, self?: PublicKeyZ32): Address {
  try {
    if (self !== undefined && text.startsWith('/'))
      return { owner: self, path: parseStrictPath(text) }
    return parseUri(text)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new PubkyError('bad_address', {
      cause,
      detail: `${text.slice(0, 200)}: ${cause.message}`,
    })
  }
}
