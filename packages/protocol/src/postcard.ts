import { concat, fromUtf8, utf8 } from './bytes.ts'

/** Unsigned LEB128, as postcard writes lengths and integers. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}

export function postcardString(text: string): Uint8Array {
  const bytes = utf8(text)
  return concat(varint(BigInt(bytes.length)), bytes)
}

/** Reads postcard values one after the other; every read past the end throws `RangeError`. */
export class PostcardReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new RangeError('unexpected end of data')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = BigInt(this.take(1)[0] ?? 0)
      value |= (byte & 0x7fn) << shift
      if (byte < 0x80n) {
        if (value >= 1n << 64n) break
        return value
      }
    }
    throw new RangeError('integer too large')
  }

  string(): string {
    const length = this.varint()
    if (length > BigInt(this.#bytes.length)) throw new RangeError('unexpected end of data')
    return fromUtf8(this.take(Number(length)))
  }
}
