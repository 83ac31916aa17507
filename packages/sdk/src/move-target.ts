import {
  encodePath,
  encodeProofHeader,
  equalBytes,
  IMPORT_HEADER,
  PROOF_HEADER,
  type Signer,
  type StoragePath,
  toBase64,
} from '@pubky/protocol'
import { PubkyError } from './errors.ts'
import type { Host } from './host.ts'
import { discard, refusalOf } from './http.ts'
import { keptStatements } from './move-kept.ts'
import type { ManifestKeeper } from './move-manifest.ts'
import { insist } from './move-retry.ts'
import { accountSource, proofTime, soundProof } from './move-source.ts'
import type { AccountSource, SourceMeta, SourceObject } from './move-types.ts'
import type { Session } from './types.ts'

const UPLOAD_TIMEOUT_MS = 300_000
/** Older proofs may be refused until they arrive; they are shown in a manifest (design 6, rule 5). */
const SURELY_FRESH_MICROS = 60_000_000n

export type PutResult = 'copied' | 'newer'

/** An account that is copied to. */
export interface AccountTarget extends Pick<AccountSource, 'paths' | 'head'> {
  /** Whether the host keeps proofs. */
  readonly keepsProofs: boolean
  /** `newer`: a newer proof was accepted for the path before, if only of its deletion. */
  put(path: StoragePath, open: () => Promise<SourceObject | null>): Promise<PutResult>
  delete(path: StoragePath): Promise<void>
  /** Stores an ordinary object of ours, unsigned. */
  write(path: StoragePath, body: Uint8Array): Promise<void>
}

/** The account of a session with the root capability; `owner` signs manifests and deletions. */
export function accountTarget(o: {
  session: Session
  host: Host
  owner: Signer
  manifests: ManifestKeeper
  signal?: AbortSignal | undefined
}): AccountTarget {
  const { session, host, owner, manifests, signal } = o
  const keepsProofs = host.features.has('object-signatures')
  const source = accountSource(session, host)

  /** `kept` shows what the revocation of its signer keeps. */
  async function headersOf(
    meta: SourceMeta,
    isStale: boolean,
    kept: string | null,
  ): Promise<Record<string, string>> {
    if (!meta.proof || !keepsProofs) return {}
    const headers = { [PROOF_HEADER]: encodeProofHeader(meta.proof) }
    if (!isStale && !kept) return headers
    const shown = kept ?? (await manifests.importHeader(meta.path, meta.hash))
    return { ...headers, [IMPORT_HEADER]: shown }
  }

  const { keptHeader } = keptStatements({
    storage: session.storage,
    owner,
    now: () => host.clock.next(),
  })

  function isOld({ proof }: SourceMeta): boolean {
    if (!proof) return false
    // One that does not parse is refused anyway.
    const age = host.clock.now() - (proofTime(proof) ?? 0n)
    return age > SURELY_FRESH_MICROS || age < -SURELY_FRESH_MICROS
  }

  async function putOnce(
    open: () => Promise<SourceObject | null>,
    o: { mustShow?: boolean; kept?: string } = {},
  ): Promise<PutResult> {
    const object = await open()
    // It is gone; whoever copies will see that it is to be deleted.
    if (!object) return 'copied'
    const isStale = o.mustShow || isOld(object)
    const { body } = object
    const response = await session.fetch(encodePath(object.path), {
      method: 'PUT',
      headers: await headersOf(object, isStale, o.kept ?? null),
      timeoutMs: UPLOAD_TIMEOUT_MS,
      signal,
      ...(body instanceof Uint8Array
        ? { body: body as Uint8Array<ArrayBuffer> }
        : { body: body as ReadableStream<Uint8Array<ArrayBuffer>>, duplex: 'half' as const }),
    })
    if (response.ok) {
      await discard(response)
      return 'copied'
    }
    const refusal = await refusalOf(response)
    if (refusal.code === 'signature_superseded') return 'newer'
    if (refusal.code === 'signature_not_fresh' && !isStale) return putOnce(open, { mustShow: true })
    // A proof that does not fit is no reason not to copy the object; it is left behind.
    if (refusal.code === 'signature_invalid' && object.proof && (await isUnsound(object)))
      return putOnce(async () => withoutProof(await open()))
    // Nor is one by a key that was revoked, unless the revocation keeps it.
    if (refusal.code === 'signature_revoked' && object.proof) {
      const kept = o.kept ? null : await keptHeader(object)
      return kept ? putOnce(open, { kept }) : putOnce(async () => withoutProof(await open()))
    }
    throw refusal
  }

  async function isUnsound({ path, hash, proof }: SourceMeta): Promise<boolean> {
    return (await soundProof(owner.publicKey, path, hash, proof)) === null
  }

  return {
    keepsProofs,
    paths: source.paths,
    head: source.head,
    put: (_, open) => insist(() => putOnce(open), { signal }),
    async write(path, body) {
      const opt = { signer: null, ...(signal && { signal }) }
      await insist(() => session.storage.put(path, body, opt), { signal })
    },
    async delete(path) {
      try {
        await insist(() => remove(path), { signal })
      } catch (error) {
        if (!(error instanceof PubkyError) || error.code !== 'not_found') throw error
      }
    },
  }

  /**
   * Unsigned where that is allowed: the time of a signature would stand above that of an object which
   * was written again at the source in the meantime, and keep it out.
   */
  async function remove(path: StoragePath): Promise<void> {
    const opt = signal ? { signal } : {}
    try {
      await session.storage.delete(path, { signer: null, ...opt })
    } catch (error) {
      if (!(error instanceof PubkyError) || error.code !== 'signature_required') throw error
      await session.storage.delete(path, { signer: owner, ...opt })
    }
  }
}

function withoutProof(object: SourceObject | null): SourceObject | null {
  return object && { ...object, proof: null }
}

/** Whether a target has the object as it is, its proof included where proofs are kept. */
export function isSameObject(a: SourceMeta, b: SourceMeta, withProof: boolean): boolean {
  if (!equalBytes(a.hash, b.hash)) return false
  if (!withProof || !a.proof) return true
  return b.proof !== null && toBase64(a.proof) === toBase64(b.proof)
}
