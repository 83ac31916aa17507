import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { utf8 } from '@pubky/protocol/bytes'
import { parsePublicKeyLenient } from '@pubky/protocol/keys'
import { SpecsError } from './errors.ts'

const Z32 = /^[ybndrfg8ejkmcpqxot1uwisza345h769]+$/

/** A key inside a path or an address (spec/data-model.md 3.4), in its canonical spelling. */
export function parseUserId(text: string, field: string | null): PublicKeyZ32 {
  if (utf8(text).length !== 52)
    throw new SpecsError('invalid_key', field, 'Validation Error: the string is not 52 utf chars')
  try {
    if (Z32.test(text)) return parsePublicKeyLenient(text)
  } catch (cause) {
    throw new SpecsError('invalid_key', field, 'Validation Error: not a public key', cause)
  }
  throw new SpecsError('invalid_key', field, 'Validation Error: invalid public key encoding')
}
