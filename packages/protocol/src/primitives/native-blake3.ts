import type { Primitives } from './types.ts'

interface NativeHasher {
  update(bytes: Buffer): this
  digestBuffer(): Buffer
}

interface Native {
  blake3(bytes: Buffer): Buffer
  Blake3Hasher: new () => NativeHasher
}

function load(): Native | null {
  try {
    // Bundlers must not see it: it is optional.
    const { createRequire } = process.getBuiltinModule('node:module')
    return createRequire(import.meta.url)('@napi-rs/blake-hash') as Native
  } catch {
    return null
  }
}

function buffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function plain({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** The Rust implementation, where its package is there for this machine. */
export function nativeBlake3(): Primitives['blake3'] {
  const native = load()
  if (!native) return null
  return {
    hash: (bytes) => plain(native.blake3(buffer(bytes))),
    start() {
      const hasher = new native.Blake3Hasher()
      return {
        update(bytes) {
          hasher.update(buffer(bytes))
        },
        digest: () => plain(hasher.digestBuffer()),
      }
    },
  }
}
