import { equalBytes } from '../bytes.ts'
import type { Primitives } from './types.ts'

const noble = () => import('@noble/curves/ed25519.js')

async function nativeVerify(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | null> {
  try {
    const imported = await crypto.subtle.importKey('raw', own(key), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', imported, own(signature), own(message))
  } catch {
    // No Ed25519 in this browser's WebCrypto.
    return null
  }
}

/** WebCrypto wants bytes that lie in an ordinary buffer. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  return value
}

/** Cofactorless verification on noble's points; its own `verify` accepts more than we do. */
export async function nobleVerify(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== 64) return false
  const [{ ed25519 }, { sha512 }] = await Promise.all([noble(), import('@noble/hashes/sha2.js')])
  const { Point } = ed25519
  const order = Point.Fn.ORDER
  const r = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  if (s >= order) return false
  const k = littleEndian(sha512.create().update(r).update(key).update(message).digest()) % order
  try {
    const a = Point.fromBytes(key)
    const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k))
    return equalBytes(expected.toBytes(), r)
  } catch {
    return false
  }
}

export const primitives: Primitives = {
  async sign(seed, message) {
    const { ed25519 } = await noble()
    return ed25519.sign(message, seed)
  },
  async verify(key, message, signature) {
    if (signature.length !== 64) return false
    return (await nativeVerify(key, message, signature)) ?? nobleVerify(key, message, signature)
  },
  async sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', own(bytes)))
  },
}
