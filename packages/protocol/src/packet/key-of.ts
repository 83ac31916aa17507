import type { PublicKeyZ32 } from '../brands.ts'
import { ProtocolError } from '../errors.ts'
import { parsePublicKeyLenient } from '../keys.ts'

/** The key in a name or target by the lenient rules (spec/discovery.md 1.8); null when there is none. */
export function keyOf(text: string): PublicKeyZ32 | null {
  try {
    return parsePublicKeyLenient(text)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
