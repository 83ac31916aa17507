import { primitives } from '#primitives'
import type { PublicKeyZ32 } from './brands.ts'
import { type Keypair, publicKeyBytes } from './keys.ts'

/** Something that signs: a key pair in memory, or a key that cannot be read out. */
export interface Signer {
  readonly publicKey: PublicKeyZ32
  /** Plain Ed25519, 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** The grant JWS by which an owner lets this key act, when it is a delegate. */
  readonly grant?: string
}

export function signerFromKeypair({ publicKey, secretKey }: Keypair, grant?: string): Signer {
  const sign = (message: Uint8Array) => primitives.sign(secretKey, message)
  return grant === undefined ? { publicKey, sign } : { publicKey, sign, grant }
}

/** Cofactorless and strict, with the same verdict in Node and browsers (design 6). */
export function verifySignature(
  key: PublicKeyZ32,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return primitives.verify(publicKeyBytes(key), message, signature)
}
