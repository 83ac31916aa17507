import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, fetch as undiciFetch } from 'undici'
import { OutboundError } from './errors.ts'

/** Whether an address is one of the public internet: no loopback, private, link-local or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  return ipaddr.process(address).range() === 'unicast'
}

export interface SafeFetchOptions {
  /** For the local network only: homeservers are at loopback addresses there. */
  allowPrivate: boolean
  /** Until the answer's head is there, and between pieces of its body. */
  timeoutMs?: number
  /** Until the whole body is there; nothing for streams that do not end. */
  totalTimeoutMs?: number
  /** A body that is longer errors with `body_too_large`. */
  maxBytes?: number
  userAgent?: string
  maxRedirects?: number
  connections?: number
}

function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 4)
      const list = Array.isArray(addresses) ? addresses : []
      const usable = allowPrivate ? list : list.filter(({ address }) => isPublicAddress(address))
      const first = usable[0]
      if (!first) {
        const refusal = new OutboundError('address_forbidden', `${hostname} has no public address`)
        return callback(refusal, '', 4)
      }
      if (options.all) return callback(null, usable)
      return callback(null, first.address, first.family)
    })
  }
}

function checkUrl(url: URL, allowPrivate: boolean): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OutboundError('scheme_forbidden', `${url.protocol} is not fetched`)
  // A literal address is connected to without a look-up.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!allowPrivate && ipaddr.isValid(host) && !isPublicAddress(host))
    throw new OutboundError('address_forbidden', `${host} is not a public address`)
}

function fromRequest(request: Request, init: RequestInit): RequestInit {
  const { method, headers, signal, body } = request
  return { method, headers, signal, ...(body && { body, duplex: 'half' }), ...init }
}

/** What may follow a redirect: neither body nor credentials. */
function withoutSecrets(request: RequestInit): RequestInit {
  const headers = new Headers()
  for (const name of ['accept', 'user-agent']) {
    const value = new Headers(request.headers).get(name)
    if (value !== null) headers.set(name, value)
  }
  const method = request.method?.toUpperCase() === 'HEAD' ? { method: 'HEAD' } : {}
  return { ...method, headers, ...(request.signal && { signal: request.signal }) }
}

/** The same answer with a body that errors when it gets longer than allowed. */
function limited(response: Response, maxBytes: number): Response {
  if (!response.body) return response
  let size = 0
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.length
      if (size <= maxBytes) controller.enqueue(chunk)
      else controller.error(tooLarge(maxBytes))
    },
  })
  const { status, statusText, headers, url } = response
  const body = response.body.pipeThrough(limit)
  const copy = new Response(body, { status, statusText, headers: new Headers([...headers]) })
  return Object.defineProperty(copy, 'url', { value: url })
}

function tooLarge(maxBytes: number): OutboundError {
  return new OutboundError('body_too_large', `the body has over ${maxBytes} bytes`)
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * `fetch` for addresses that strangers name. Addresses are checked when connecting, so that a name
 * cannot change in between; every redirect is checked again and never carries a body or credentials.
 */
export function createSafeFetch(o: SafeFetchOptions): typeof fetch & AsyncDisposable {
  const { allowPrivate, timeoutMs = 10_000, totalTimeoutMs, maxRedirects = 5 } = o
  const agent = new Agent({
    connect: { lookup: guardedLookup(allowPrivate), timeout: Math.min(timeoutMs, 5000) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connections: o.connections ?? 32,
    keepAliveTimeout: 30_000,
    allowH2: false,
  })

  function withDefaults(init: RequestInit): RequestInit {
    const headers = new Headers(init.headers)
    if (o.userAgent && !headers.has('user-agent')) headers.set('user-agent', o.userAgent)
    const limits = [init.signal, totalTimeoutMs ? AbortSignal.timeout(totalTimeoutMs) : null]
    const signals = limits.filter((signal) => signal !== null && signal !== undefined)
    return { ...init, headers, ...(signals.length > 0 && { signal: AbortSignal.any(signals) }) }
  }

  async function safeFetch(
    input: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> {
    let url = new URL(input instanceof Request ? input.url : input)
    let request = withDefaults(input instanceof Request ? fromRequest(input, init) : init)
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      checkUrl(url, allowPrivate)
      const response = (await undiciFetch(url, {
        ...request,
        redirect: 'manual',
        dispatcher: agent,
      } as Parameters<typeof undiciFetch>[1])) as unknown as Response
      const location = response.headers.get('location')
      if (!REDIRECTS.has(response.status) || location === null || init.redirect === 'manual')
        return o.maxBytes === undefined ? response : limited(response, o.maxBytes)
      await response.body?.cancel()
      url = new URL(location, url)
      request = withoutSecrets(request)
    }
    throw new OutboundError('too_many_redirects', `more than ${maxRedirects} redirects`)
  }

  return Object.assign(safeFetch, {
    async [Symbol.asyncDispose]() {
      await agent.destroy()
    },
  })
}

/** Reads a body of at most `maxBytes`; a longer one rejects with `body_too_large`. */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0)
  if (announced > maxBytes) {
    await response.body?.cancel()
    throw new OutboundError('body_too_large', `the body has ${announced} bytes`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
