const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769'
const LENGTH = 52
const BITS = 260n

function bytesOf(bits: bigint): Buffer {
  return Buffer.from((bits >> 4n).toString(16).padStart(64, '0'), 'hex')
}

/** The lowest and highest key whose text begins so; null for what begins no key. */
export function keyRange(prefix: string): [Buffer, Buffer] | null {
  const text = prefix.trim().replace(/^pubky(?=.{52}$)/, '')
  if (text.length > LENGTH) return null
  let bits = 0n
  for (const char of text) {
    const value = ALPHABET.indexOf(char)
    if (value < 0) return null
    bits = (bits << 5n) | BigInt(value)
  }
  const left = BITS - BigInt(text.length) * 5n
  return [bytesOf(bits << left), bytesOf(((bits + 1n) << left) - 1n)]
}
