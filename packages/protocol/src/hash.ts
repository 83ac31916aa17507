import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js'
import { primitives } from '#primitives'
import type { Blake3 } from './primitives/types.ts'

export type { Blake3 } from './primitives/types.ts'
export { randomBytes } from './random.ts'

type WasmHasher = Awaited<ReturnType<typeof import('hash-wasm')['createBLAKE3']>>

const MAX_FREE_HASHERS = 64
/** Hashers are instances of a WebAssembly module: keeping some saves instantiating. */
const free: WasmHasher[] = []

async function newHasher(): Promise<WasmHasher> {
  const { createBLAKE3 } = await import('hash-wasm')
  return createBLAKE3()
}

function giveBack(hasher: WasmHasher): void {
  if (free.length < MAX_FREE_HASHERS) free.push(hasher)
}

/** BLAKE3 of small inputs, at once: about 50 MB/s. */
export function blake3Sync(bytes: Uint8Array): Uint8Array {
  return nobleBlake3(bytes)
}

/** Below this the way into native code costs more than it saves. */
const NATIVE_FROM_BYTES = 4096

/** BLAKE3, 32 bytes: about 0.7 GB/s, and 5 GB/s where the native package is there. */
export async function blake3(bytes: Uint8Array): Promise<Uint8Array> {
  if (primitives.blake3 && bytes.length >= NATIVE_FROM_BYTES) return primitives.blake3.hash(bytes)
  const hasher = free.pop() ?? (await newHasher())
  const digest = hasher.init().update(bytes).digest('binary')
  giveBack(hasher)
  return digest
}

async function startWasm(): Promise<Blake3> {
  const hasher = free.pop() ?? (await newHasher())
  hasher.init()
  return {
    update: (bytes) => hasher.update(bytes),
    digest() {
      const digest = hasher.digest('binary')
      giveBack(hasher)
      return digest
    },
  }
}

/** A streaming BLAKE3. */
export async function createBlake3(): Promise<Blake3> {
  const hasher = primitives.blake3?.start() ?? (await startWasm())
  let done = false
  function refuseDone(): void {
    if (done) throw new Error('hash already taken')
  }
  return {
    update(bytes) {
      refuseDone()
      hasher.update(bytes)
    },
    digest() {
      refuseDone()
      done = true
      return hasher.digest()
    },
  }
}

export function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return primitives.sha256(bytes)
}
