/** Base 32 over a given alphabet, most significant bits first, no padding. */
export function encodeBase32(bytes: Uint8Array, alphabet: string): string {
  let text = ''
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet.charAt((buffer >>> bits) & 31)
    }
    buffer &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet.charAt((buffer << (5 - bits)) & 31) : text
}

/** Null for a foreign character, an impossible length, or unused bits that are not zero. */
export function decodeBase32(text: string, alphabet: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let buffer = 0
  let bits = 0
  let at = 0
  for (let i = 0; i < text.length; i += 1) {
    const value = alphabet.indexOf(text.charAt(i))
    if (value < 0) return null
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
