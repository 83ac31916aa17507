import {
  blake3,
  type EventId,
  equalBytes,
  fromBase64,
  type Micros,
  ProtocolError,
  type PublicKeyZ32,
  parseObjectProof,
  parseUri,
  type StoragePath,
  verifyObjectProof,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import { parseFrame } from './feed-event.ts'
import type { Host } from './host.ts'
import { expectOk, readBounded } from './http.ts'
import { insist } from './move-retry.ts'
import type { AccountSource, SourceMeta, SourceObject } from './move-types.ts'
import { isBundle, type ProofBundle, readBundle } from './proof-bundle.ts'
import { readSse } from './sse.ts'
import type { ObjectMeta, Session } from './types.ts'

/** Bodies up to this size are held in memory while they are copied. */
export const WHOLE_BYTES = 8 * 1024 * 1024
const ROOTS = ['/pub/', '/priv/'] as const
const IDLE_MS = 45_000
const HASH_BYTES = 32

/** An account at a homeserver, with the changes that are made to it. */
export interface LiveSource extends AccountSource {
  /** The last event there is; null when the host has no streams of users. */
  lastEvent(signal?: AbortSignal): Promise<EventId | null>
  /** Paths that changed after a cursor, with the cursor of each; ends with the history unless live. */
  changes(
    after: EventId,
    o?: { signal?: AbortSignal | undefined; live?: boolean },
  ): AsyncIterable<{ path: StoragePath; cursor: EventId }>
}

function hashOf({ etag }: ObjectMeta): Uint8Array | null {
  try {
    const hash = fromBase64(etag)
    return hash.length === HASH_BYTES ? hash : null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** The proof when it verifies; null otherwise. */
export async function soundProof(
  owner: PublicKeyZ32,
  path: StoragePath,
  hash: Uint8Array,
  proof: Uint8Array | null,
): Promise<Uint8Array | null> {
  if (!proof) return null
  try {
    await verifyObjectProof(proof, { owner, action: 'PUT', path, hash })
    return proof
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** When a proof was signed; null for none, and for one that does not parse. */
export function proofTime(proof: Uint8Array | null): Micros | null {
  if (!proof) return null
  try {
    return parseObjectProof(proof).timestamp
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** The account of a session with the root capability. */
export function accountSource(session: Session, host: Host): LiveSource {
  const { storage, user } = session
  let bundles: Promise<ProofBundle[]> | null = null

  /** On hosts that keep no proofs they lie in a bundle. */
  async function withProof(path: StoragePath, found: ObjectMeta): Promise<ObjectMeta> {
    if (found.proof || host.features.has('object-signatures')) return found
    bundles ??= Promise.all([readBundle(storage, user, 'pub'), readBundle(storage, user, 'priv')])
    const [pub, priv] = await bundles
    return { ...found, proof: pub?.get(path) ?? priv?.get(path) ?? null }
  }

  function toMeta(path: StoragePath, found: ObjectMeta, hash: Uint8Array): SourceMeta {
    const { size, proof, lastModified } = found
    return { path, hash, size, proof, lastModified }
  }

  async function head(path: StoragePath, signal?: AbortSignal): Promise<SourceMeta | null> {
    const opt = signal ? { signal } : {}
    const answer = await insist(() => storage.head(path, opt), opt)
    if (!answer) return null
    const found = await withProof(path, answer)
    const hash = hashOf(found)
    return hash ? toMeta(path, found, hash) : open(path, signal)
  }

  async function open(path: StoragePath, signal?: AbortSignal): Promise<SourceObject | null> {
    return insist(() => openOnce(path, signal), { signal })
  }

  async function openOnce(path: StoragePath, signal?: AbortSignal): Promise<SourceObject | null> {
    try {
      const answer = await storage.get(path, signal ? { signal } : {})
      const found = { ...(await withProof(path, answer)), body: answer.body }
      const stated = hashOf(found)
      if (stated && found.size > WHOLE_BYTES)
        return { ...toMeta(path, found, stated), body: found.body }
      const body = await readBounded(
        new Response(found.body as ReadableStream<Uint8Array<ArrayBuffer>>),
        WHOLE_BYTES,
      )
      const hash = await blake3(body)
      if (stated && !equalBytes(stated, hash))
        throw new PubkyError('bad_answer', { detail: `${path} is not what its hash says` })
      return { ...toMeta(path, { ...found, size: body.length }, hash), body }
    } catch (error) {
      if (error instanceof PubkyError && error.code === 'not_found') return null
      throw error
    }
  }

  async function* stream(query: string, signal?: AbortSignal) {
    const paths = ROOTS.map((root) => `path=${encodeURIComponent(root)}`).join('&')
    const response = await session.fetch(`/events-stream?${query}&${paths}`, {
      signal,
      cache: 'no-store',
      headers: { accept: 'text/event-stream' },
    })
    await expectOk(response)
    for await (const frame of readSse(response, { idleMs: IDLE_MS })) {
      const step = parseFrame(frame)
      if (step) yield step
    }
  }

  return {
    head,
    open,
    async *paths(signal) {
      for (const root of ROOTS)
        for await (const uri of storage.list(root, signal ? { signal } : {})) {
          const { path } = parseUri(uri)
          if (!isBundle(path)) yield path
        }
    },
    async lastEvent(signal) {
      return insist(
        async () => {
          try {
            for await (const { cursor } of stream(`user=${user}&reverse=true&limit=1`, signal))
              return cursor
            return '0' as EventId
          } catch (error) {
            const isOld = error instanceof PubkyError && !error.isOutage
            if (isOld) return null
            throw error
          }
        },
        { signal },
      )
    },
    async hashes(signal) {
      return insist(
        async () => {
          const found = new Map<StoragePath, Uint8Array>()
          try {
            for await (const { event } of stream(`user=${user}`, signal))
              if (event?.hash) found.set(event.path, event.hash)
          } catch (error) {
            if (!(error instanceof PubkyError) || error.isOutage) throw error
          }
          return found
        },
        { signal },
      )
    },
    async *changes(after, { signal, live = false } = {}) {
      const query = `user=${user}:${after}${live ? '&live=true' : ''}`
      for await (const { event, cursor } of stream(query, signal))
        if (event) yield { path: event.path, cursor }
    },
  }
}
