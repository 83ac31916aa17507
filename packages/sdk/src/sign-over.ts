import {
  createObjectProof,
  encodePath,
  encodeProofHeader,
  PROOF_HEADER,
  type PublicKeyZ32,
  parseObjectProof,
  type Signer,
  type StoragePath,
  toBase64,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import type { Host } from './host.ts'
import { discard, refusalOf } from './http.ts'
import { insist } from './move-retry.ts'
import { soundProof } from './move-source.ts'
import type { AccountSource, SourceObject } from './move-types.ts'
import type { Session } from './types.ts'

const UPLOAD_TIMEOUT_MS = 300_000
/** Somebody may write an object again and again while it is being signed. */
const TRIES = 8
const CHANGED = 412

/** Signs with the owner key what another key has signed, so that it holds without that one. */
export function signOver(o: {
  session: Session
  host: Host
  source: AccountSource
  owner: Signer
  by: PublicKeyZ32
  /** What it signed from this moment on is left alone. */
  before: bigint
  signal?: AbortSignal | undefined
}): (path: StoragePath) => Promise<void> {
  const { session, host, source, owner, by, before, signal } = o

  /** Its body as it is; refused when it is another by then. */
  async function put({ path, hash, body }: SourceObject): Promise<Response> {
    const timestamp = host.clock.next()
    const proof = await createObjectProof(owner, {
      owner: owner.publicKey,
      action: 'PUT',
      path,
      hash,
      timestamp,
    })
    return session.fetch(encodePath(path), {
      method: 'PUT',
      headers: { [PROOF_HEADER]: encodeProofHeader(proof), 'if-match': `"${toBase64(hash)}"` },
      timeoutMs: UPLOAD_TIMEOUT_MS,
      signal,
      ...(body instanceof Uint8Array
        ? { body: body as Uint8Array<ArrayBuffer> }
        : { body: body as ReadableStream<Uint8Array<ArrayBuffer>>, duplex: 'half' as const }),
    })
  }

  /** The homeserver is not believed: the owner key signs only what the other key has signed. */
  async function statement({ path, hash, proof }: SourceObject) {
    const sound = await soundProof(owner.publicKey, path, hash, proof)
    const said = sound && parseObjectProof(sound)
    return said?.signer === by && said.timestamp < before ? said : null
  }

  /** Whether nothing is left to do there. */
  async function attempt(path: StoragePath): Promise<boolean> {
    const object = await source.open(path, signal)
    if (!object) return true
    const said = await statement(object)
    if (!said) {
      if (!(object.body instanceof Uint8Array)) await object.body.cancel()
      return true
    }
    host.clock.seen(said.timestamp)
    const response = await put(object)
    if (response.ok) {
      await discard(response)
      return true
    }
    const refusal = await refusalOf(response)
    if (response.status === CHANGED || refusal.code === 'signature_superseded') return false
    throw refusal
  }

  return async (path) => {
    for (let n = 0; n < TRIES; n += 1) if (await insist(() => attempt(path), { signal })) return
    throw new PubkyError('bad_answer', { detail: `${path} changes all the time` })
  }
}
