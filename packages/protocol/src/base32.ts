export interface Base32Alphabet {
  characters: readonly string[]
  /** By character code below 128; 255 is none. */
  values: Uint8Array
}

/** Of 32 ASCII characters. */
export function base32Alphabet(text: string): Base32Alphabet {
  const values = new Uint8Array(128).fill(255)
  for (let value = 0; value < text.length; value += 1) values[text.charCodeAt(value)] = value
  return { characters: [...text], values }
}

/** Base 32 over a given alphabet, most significant bits first, no padding. */
export function encodeBase32(bytes: Uint8Array, { characters }: Base32Alphabet): string {
  let text = ''
  let buffer = 0
  let bits = 0
  for (let i = 0; i < bytes.length; i += 1) {
    buffer = (buffer << 8) | (bytes[i] ?? 0)
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += characters[(buffer >>> bits) & 31]
    }
    buffer &= (1 << bits) - 1
  }
  return bits > 0 ? text + characters[(buffer << (5 - bits)) & 31] : text
}

/** Null for a foreign character, an impossible length, or unused bits that are not zero. */
export function decodeBase32(text: string, { values }: Base32Alphabet): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let buffer = 0
  let bits = 0
  let at = 0
  for (let i = 0; i < text.length; i += 1) {
    const value = values[text.charCodeAt(i)] ?? 255
    if (value === 255) return null
    buffer = (buffer << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at] = (buffer >>> bits) & 255
      at += 1
    }
    buffer &= (1 << bits) - 1
  }
  return bits < 5 && buffer === 0 ? bytes : null
}
