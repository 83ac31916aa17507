import { ed25519 } from '@noble/curves/ed25519.js'
import { encodeZ32 } from './z32.ts'

const KEY_BYTES = 32

// The subgroup check costs about a millisecond, and the same few keys come again and again.
const MAX_KNOWN_KEYS = 20_000
const known = new Set<string>()

/** Whether these 52 characters were found to be a real key before. */
export function isKnownKey(text: string): boolean {
  return known.has(text)
}

function remember(text: string): void {
  if (known.size >= MAX_KNOWN_KEYS) {
    const oldest = known.values().next()
    if (!oldest.done) known.delete(oldest.value)
  }
  known.add(text)
}

/**
 * Canonical encoding, on the curve, in the prime-order group and not its identity (design 6). Under
 * any other key signatures can be forged, or count in one library and not in another.
 */
export function isRealKey(bytes: Uint8Array): boolean {
  return realKeyText(bytes) !== null
}

/** A real key in z-base-32, or null. */
export function realKeyText(bytes: Uint8Array): string | null {
  if (bytes.length !== KEY_BYTES) return null
  const text = encodeZ32(bytes)
  if (known.has(text)) return text
  try {
    const point = ed25519.Point.fromBytes(bytes)
    if (point.is0() || !point.isTorsionFree()) return null
  } catch {
    return null
  }
  remember(text)
  return text
}

/** The public key of a 32-byte seed. */
export function publicKeyOfSeed(seed: Uint8Array): Uint8Array {
  const bytes = ed25519.getPublicKey(seed)
  remember(encodeZ32(bytes))
  return bytes
}
