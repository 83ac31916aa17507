import type { PublicKeyZ32, Signer } from '@pubky/protocol'
import { type Address, toAddress } from './address.ts'
import { createBackoff } from './backoff.ts'
import { PubkyError } from './errors.ts'
import type { Host, Hosts } from './host.ts'
import { discard, expectOk, type HttpRequest } from './http.ts'
import { createReads, storageRequest } from './public-storage.ts'
import type { Attempt, SessionStorage, WriteRequest } from './types.ts'
import { sendWrite, type WriteContext } from './writes.ts'

/** An upload may take a while before the server answers, in ms. */
const UPLOAD_TIMEOUT_MS = 300_000
const TRIES = 3
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 2_000

/** Adds the session's credential to a request and sends it. */
export type Authorize = (
  host: Host,
  request: HttpRequest,
  send: (request: HttpRequest) => Promise<Response>,
) => Promise<Response>

export interface StorageContext {
  hosts: Hosts
  user: PublicKeyZ32
  homeserver: PublicKeyZ32
  /** Signs what is written; null leaves it unsigned. */
  signer: Signer | null
  homeserverOf(user: PublicKeyZ32, signal?: AbortSignal): Promise<PublicKeyZ32>
  authorize: Authorize
}

export function createSessionStorage(ctx: StorageContext): SessionStorage {
  /** Public data is read like anybody reads it, which caches and needs no session. */
  async function read(at: Address, query: string, request: HttpRequest): Promise<Response> {
    const isOwn = at.owner === ctx.user
    if (isOwn && !at.path.startsWith('/pub/')) return own(at, query, request)
    const homeserver = isOwn ? ctx.homeserver : await ctx.homeserverOf(at.owner, request.signal)
    return storageRequest(await ctx.hosts.find(homeserver, signalOf(request)), at, query, request)
  }

  async function own(at: Address, query: string, request: HttpRequest): Promise<Response> {
    const host = await ctx.hosts.find(ctx.homeserver, signalOf(request))
    return ctx.authorize(host, request, (ready) => storageRequest(host, at, query, ready))
  }

  function ownAddress(text: string): Address {
    const at = toAddress(text, ctx.user)
    if (at.owner !== ctx.user)
      throw new PubkyError('bad_address', { detail: 'the storage of another user' })
    if (at.path.endsWith('/'))
      throw new PubkyError('bad_address', { detail: 'a folder cannot be written' })
    return at
  }

  const writing: WriteContext = {
    user: ctx.user,
    host: (signal) => ctx.hosts.find(ctx.homeserver, signal ? { signal } : {}),
    request: (path, request) =>
      own({ owner: ctx.user, path }, '', { timeoutMs: UPLOAD_TIMEOUT_MS, ...request }),
  }

  /** Repeats a signed write whose answer was lost; without a proof it could be stored twice. */
  async function insist(write: WriteRequest, signer: Signer | null, signal?: AbortSignal) {
    const backoff = createBackoff(RETRY_FIRST_MS, RETRY_MAX_MS)
    let before: Attempt | null = null
    for (let attempt = 1; ; attempt++) {
      try {
        return await sendWrite(writing, write, signer, {
          ...(signal ? { signal } : {}),
          before,
          onAttempt: async (sent) => {
            before = sent
          },
        })
      } catch (error) {
        const isLost =
          error instanceof PubkyError && (error.code === 'network' || error.code === 'timeout')
        const sent = before as Attempt | null
        if (!isLost || !sent?.proof || attempt === TRIES) throw error
        await backoff.wait(signal)
      }
    }
  }

  const reads = createReads(read, ctx.user)
  const signerOf = (signer: Signer | null | undefined) =>
    signer === undefined ? ctx.signer : signer

  return {
    ...reads,
    async put(path, body, o = {}) {
      const { path: at } = ownAddress(path)
      const write: WriteRequest = { method: 'PUT', path: at, body, create: o.create ?? false }
      const outcome = await insist(write, signerOf(o.signer), o.signal)
      return { outcome: outcome === 'same' ? 'same' : 'stored' }
    },
    async write(write, { signer, ...o } = {}) {
      return sendWrite(writing, write, signerOf(signer), o)
    },
    async putStream(path, body, { signal } = {}) {
      const at = ownAddress(path)
      const request = { method: 'PUT', body, duplex: 'half', timeoutMs: UPLOAD_TIMEOUT_MS, signal }
      await discard(await expectOk(await own(at, '', request as HttpRequest)))
    },
    async delete(path, o = {}) {
      const { path: at } = ownAddress(path)
      await insist({ method: 'DELETE', path: at, body: null }, signerOf(o.signer), o.signal)
    },
  }
}

function signalOf({ signal }: HttpRequest): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
