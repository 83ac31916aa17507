import {
  blake3,
  createBlake3,
  createObjectProof,
  decodeGrant,
  EMPTY_HASH,
  encodeProofHeader,
  PROOF_HEADER,
  type PublicKeyZ32,
  parseObjectProof,
  type Signer,
  toBase64,
} from '@pubky/protocol'
import type { PubkyError } from './errors.ts'
import type { Host } from './host.ts'
import { discard, type HttpRequest, refusalOf, release } from './http.ts'
import { metaOf } from './public-storage.ts'
import type { Attempt, WriteOptions, WriteOutcome, WriteRequest } from './types.ts'

/** Within this age an attempt is simply repeated. The server takes 180 s (design 6). */
const FRESH_MICROS = 150_000_000n
/** Beyond it no server accepts the old proof any more, whatever is still on its way. */
const DEAD_MICROS = 300_000_000n

/** How a session reaches its own storage. */
export interface WriteContext {
  user: PublicKeyZ32
  host(signal?: AbortSignal): Promise<Host>
  request(path: WriteRequest['path'], request: HttpRequest): Promise<Response>
}

/**
 * Sends one change (design 6, last paragraph). An attempt with unknown outcome is repeated with the
 * same proof while fresh; later the stored object is looked at first, and signed anew only if neither
 * it nor anything newer is there and the old proof can no longer be accepted. Refusals about the clock
 * or a used timestamp are signed anew once.
 */
export async function sendWrite(
  ctx: WriteContext,
  write: WriteRequest,
  signer: Signer | null,
  o: Omit<WriteOptions, 'signer'>,
): Promise<WriteOutcome> {
  const { signal } = o
  const host = await ctx.host(signal)
  const by = host.features.has('object-signatures') ? signer : null
  const hash = await hashOf(write.body)
  let attempt: Attempt | null = o.before ?? null
  const age = attempt ? ageOf(host, attempt, by) : 0n
  if (attempt && age > FRESH_MICROS) {
    const found = await inspect(ctx, write, hash, attempt, signal)
    if (found !== 'absent') return found
    if (age > DEAD_MICROS) attempt = null
  }
  let repeated = attempt !== null
  for (let signedAnew = false; ; signedAnew = true) {
    if (!attempt) {
      attempt = { proof: by ? await sign(ctx, host, write, hash, by) : null }
      await o.onAttempt?.(attempt)
    }
    const response = await ctx.request(write.path, toRequest(write, attempt, signal))
    if (response.ok) {
      await discard(response)
      return 'stored'
    }
    const refusal = await refusalOf(response)
    if (refusal.code === 'signature_superseded' && repeated) {
      const found = await inspect(ctx, write, hash, attempt, signal)
      return found === 'absent' ? 'superseded' : found
    }
    if (refusal.code === 'not_found' && write.method === 'DELETE' && repeated) return 'stored'
    if (refusal.code === 'already_exists' && write.create) {
      if ((await inspect(ctx, write, hash, attempt, signal)) === 'same') return 'same'
      throw refusal
    }
    if (signedAnew || !by || !adjustClock(host, refusal)) throw refusal
    attempt = null
    repeated = false
  }
}

async function hashOf(body: WriteRequest['body']): Promise<Uint8Array> {
  if (body === null) return EMPTY_HASH
  if (body instanceof Uint8Array) return blake3(body)
  const hash = await createBlake3()
  for await (const chunk of body.stream()) hash.update(chunk)
  return hash.digest()
}

/** In µs. An attempt that cannot be repeated is as old as can be. */
function ageOf(host: Host, { proof }: Attempt, by: Signer | null): bigint {
  if (!proof || !by) return DEAD_MICROS + 1n
  const { timestamp, signer } = parseObjectProof(proof)
  // The grant of another key may have been revoked in the meantime.
  if (signer !== by.publicKey) return DEAD_MICROS + 1n
  return host.clock.now() - timestamp
}

function timestampOf(proof: Uint8Array): bigint {
  return parseObjectProof(proof).timestamp
}

async function sign(
  ctx: WriteContext,
  host: Host,
  write: WriteRequest,
  hash: Uint8Array,
  signer: Signer,
): Promise<Uint8Array> {
  const isDelegate = signer.publicKey !== ctx.user && signer.grant !== undefined
  const floor = isDelegate ? BigInt(decodeGrant(signer.grant ?? '').iat) * 1_000_000n : 0n
  return createObjectProof(signer, {
    owner: ctx.user,
    action: write.method,
    path: write.path,
    hash,
    timestamp: host.clock.next(floor),
  })
}

function toRequest(write: WriteRequest, { proof }: Attempt, signal?: AbortSignal): HttpRequest {
  return {
    method: write.method,
    signal,
    ...(write.body === null ? {} : { body: write.body as Uint8Array<ArrayBuffer> | Blob }),
    headers: {
      ...(proof ? { [PROOF_HEADER]: encodeProofHeader(proof) } : {}),
      ...(write.create ? { 'if-none-match': '*' } : {}),
    },
  }
}

/** True when signing anew can help: the server told its time, or the timestamp it has accepted. */
function adjustClock(host: Host, refusal: PubkyError): boolean {
  if (refusal.code === 'signature_not_fresh' && refusal.serverTime !== undefined) {
    host.clock.correct(refusal.serverTime)
    return true
  }
  const { highest } = refusal
  if (refusal.code !== 'signature_superseded' || highest === undefined) return false
  // Above what the server would call fresh, waiting is the only way.
  if (highest >= host.clock.now() + FRESH_MICROS) return false
  host.clock.seen(highest)
  return true
}

/** What became of an attempt, told from what lies at the path now. */
async function inspect(
  ctx: WriteContext,
  write: WriteRequest,
  hash: Uint8Array,
  { proof }: Attempt,
  signal?: AbortSignal,
): Promise<'same' | 'superseded' | 'absent'> {
  const response = await ctx.request(write.path, { method: 'HEAD', signal })
  release(response)
  const isGone = response.status === 404 || response.status === 410
  if (!response.ok && !isGone) throw await refusalOf(response)
  const stored = metaOf(response)
  if (write.method === 'DELETE' ? isGone : !isGone && stored.etag === toBase64(hash)) return 'same'
  if (proof && stored.proof && statedAt(stored.proof) > timestampOf(proof)) return 'superseded'
  return 'absent'
}

/** The homeserver is not believed blindly: a proof that does not parse says nothing. */
function statedAt(proof: Uint8Array): bigint {
  try {
    return timestampOf(proof)
  } catch {
    return 0n
  }
}
