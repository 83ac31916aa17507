import { classifyPath, hashIdOfHash } from '@pubky/app-specs'
import { blake3, equalBytes, PROOF_HEADER, type StoragePath, toHex } from '@pubky/protocol'
import type { BlobIntake } from './blob-intake.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { EntryBody } from './entries.ts'
import { IndexerError } from './errors.ts'
import { type FeedEvent, parseHash, parseProofText } from './feed-event.ts'
import { expectOk, letGo, readAll } from './http.ts'
import type { RemoteHost } from './remote-host.ts'
import type { Place } from './wanted.ts'

/** What is taken from strangers at most. */
export interface Limits {
  rowBytes: number
  blobBytes: number
  /** Of all bodies of a host; beyond it is followed more slowly. */
  hostBytesPerDay: number
  /** For the body of one object. */
  rowMs: number
  blobMs: number
}

export const DEFAULT_LIMITS: Limits = {
  rowBytes: 1024 * 1024,
  blobBytes: 100 * 1024 * 1024,
  hostBytesPerDay: 50 * 1024 ** 3,
  rowMs: 10_000,
  blobMs: 120_000,
}

/** What became of an event: the part of an entry that the host has to be asked for. */
export interface Fetched {
  status: 'ok' | 'superseded' | 'refused'
  reason: string | null
  hash: Uint8Array | null
  body: EntryBody | null
  proof: Uint8Array | null
}

export interface FetchDeps {
  host: RemoteHost
  intake: BlobIntake
  limits: Limits
  budget: ByteBudget
}

type Opt = { signal?: AbortSignal | undefined }

/**
 * Fetches what a PUT event speaks of. Rejects with `unreachable`, `host_failed` or `rate_limited`
 * when the same question may be answered later.
 */
export async function fetchObject(
  { host, intake, limits, budget }: FetchDeps,
  event: FeedEvent,
  place: Exclude<Place, null>,
  o: Opt = {},
): Promise<Fetched> {
  if (place === 'blob' && event.hash && !fitsPath(event.path, event.hash))
    return without(event, 'refused', 'wrong_id')
  await budget.wait(host.key, o.signal)
  const sent = place === 'row' ? await sentContent(event, limits) : null
  if (sent) {
    budget.spend(host.key, event.content?.length ?? 0)
    return sent
  }
  const response = await host.object(event.owner, event.path, o)
  if (!response.ok) return refusal(event, response)
  const proof = parseProofText(response.headers.get(PROOF_HEADER)) ?? event.proof
  const found = (body: EntryBody, hash: Uint8Array): Fetched => ({
    status: 'ok',
    reason: null,
    hash,
    body,
    proof,
  })
  if (place === 'blob') {
    const hash = event.hash ?? parseEtag(response.headers.get('etag'))
    if (!hash) {
      letGo(response)
      return without(event, 'refused', 'no_hash')
    }
    if (!fitsPath(event.path, hash)) {
      letGo(response)
      return without(event, 'refused', 'wrong_id')
    }
    const taken = await intake.take(response, hash, {
      bytes: limits.blobBytes,
      ms: limits.blobMs,
      signal: o.signal,
      onRead: (bytes) => budget.spend(host.key, bytes),
    })
    if (taken.outcome === 'stored')
      return found({ at: 'blob', key: toHex(hash), size: taken.size }, hash)
    if (taken.outcome === 'other_hash') return without(event, 'superseded', 'other_hash')
    return failure(event, taken.outcome)
  }
  const { outcome, bytes } = await readAll(response, {
    bytes: limits.rowBytes,
    ms: limits.rowMs,
    signal: o.signal,
  })
  budget.spend(host.key, bytes.length)
  if (outcome !== 'done') return failure(event, outcome)
  const hash = await blake3(bytes)
  if (event.hash && !equalBytes(event.hash, hash)) return without(event, 'superseded', 'other_hash')
  return found({ at: 'row', bytes }, hash)
}

/** The id of a blob is made of its hash: one with another id counts nowhere. */
function fitsPath(path: StoragePath, hash: Uint8Array): boolean {
  const ref = classifyPath(path)
  return ref?.kind !== 'blob' || ref.id === hashIdOfHash(hash)
}

/** A body that came with its event. One that is not what the event names is asked for instead. */
async function sentContent(event: FeedEvent, limits: Limits): Promise<Fetched | null> {
  const { content, hash, proof } = event
  if (!content || !hash || content.length > limits.rowBytes) return null
  if (!equalBytes(hash, await blake3(content))) return null
  return { status: 'ok', reason: null, hash, body: { at: 'row', bytes: content }, proof }
}

/** The proof of a deletion lies beside the 404 (design 6). */
export async function fetchTombstone(
  host: RemoteHost,
  event: FeedEvent,
  o: Opt = {},
): Promise<Uint8Array | null> {
  if (event.proof || !host.features.has('object-signatures')) return event.proof
  const response = await host.object(event.owner, event.path, { ...o, method: 'HEAD' })
  letGo(response)
  if (response.status >= 500 || response.status === 429) await expectOk(response)
  return response.status === 404 ? parseProofText(response.headers.get(PROOF_HEADER)) : null
}

export function without(
  event: FeedEvent,
  status: 'superseded' | 'refused',
  reason: string,
): Fetched {
  return { status, reason, hash: event.hash, body: null, proof: event.proof }
}

async function refusal(event: FeedEvent, response: Response): Promise<Fetched> {
  const { status } = response
  if (status >= 500 || status === 429 || status === 408 || status === 425) await expectOk(response)
  letGo(response)
  if (status === 404 || status === 410) return without(event, 'superseded', 'absent')
  return without(event, 'refused', `status_${status}`)
}

function failure(event: FeedEvent, outcome: 'too_large' | 'too_slow' | 'broken'): Fetched {
  if (outcome === 'broken') throw new IndexerError('unreachable', { detail: 'a body broke off' })
  return without(event, 'refused', outcome)
}

/** A strong entity tag that is the base64 of a hash (spec/homeserver.md 5.4). */
export function parseEtag(etag: string | null): Uint8Array | null {
  return etag?.startsWith('"') && etag.endsWith('"') ? parseHash(etag.slice(1, -1)) : null
}
