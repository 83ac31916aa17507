/** A running BLAKE3 hash. It may be used once. */
export interface Blake3 {
  update(bytes: Uint8Array): void
  /** 32 bytes. */
  digest(): Uint8Array
}

/**
 * What differs between Node and browsers. Both sides give the same verdict on every input, whatever
 * bytes it has: the key is canonical and in the prime-order group, S < L, and the encoding of
 * S·B − k·A equals R byte for byte (design 6).
 */
export interface Primitives {
  sign(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
  sha256(bytes: Uint8Array): Promise<Uint8Array>
  /** Null where only WebAssembly is there. */
  blake3: { hash(bytes: Uint8Array): Uint8Array; start(): Blake3 } | null
}
