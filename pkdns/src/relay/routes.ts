import {
  MAX_RELAY_PAYLOAD_BYTES,
  ProtocolError,
  type PublicKeyZ32,
  packetFromRelayPayload,
  parsePublicKeyLenient,
  type SignedPacket,
} from '@pubky/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { relayError } from '../errors.ts'
import type { createPublisher } from './publish.ts'
import { type Allowance, clientAddress } from './quota.ts'
import { recordPage } from './record-page.ts'
import { type FoundPacket, POLICIES, type Policy, type RelayResolver } from './resolve.ts'
import { PAYLOAD_TYPE, packetHeaders, sentFormOf, wantsPage } from './sent-form.ts'
import { type RelayStatus, statusPage } from './status-page.ts'

const HTML = 'text/html; charset=utf-8'
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
const NO_BODY = Buffer.alloc(0)

export interface RelayContext {
  resolver: RelayResolver
  publisher: ReturnType<typeof createPublisher>
  requests: { take: (address: string) => Allowance }
  lookups: { take: (address: string) => Allowance }
  behindProxy: boolean
  ttl: { min: number; max: number }
  /** DHT nodes that held the packet of a key at the last look-up. */
  agreed: (key: PublicKeyZ32) => number | null
  nowMs: () => number
  status: () => RelayStatus
}

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

/** The HTTP API of relays, both generations of it (spec/discovery.md 2). */
export function relayRoutes(app: FastifyInstance, ctx: RelayContext): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))

  const addressOf = (request: FastifyRequest) => clientAddress(request, ctx.behindProxy)
  app.addHook('onRequest', (request, reply, done) => {
    if (request.url !== '/health' && request.url !== '/ready') {
      const { limit, remaining } = ctx.requests.take(addressOf(request))
      reply.header('x-ratelimit-limit', limit).header('x-ratelimit-remaining', remaining)
    }
    done()
  })

  app.get('/', async (request, reply) => {
    const { key } = request.query as { key?: unknown }
    if (typeof key === 'string' && key !== '')
      return reply.redirect(`/${encodeURIComponent(key.trim())}`, 303)
    return reply
      .headers({ 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-store' })
      .type(HTML)
      .send(statusPage(ctx.status()))
  })

  // A base URL with a trailing slash makes official clients write the slash twice.
  for (const url of ['/:key', '//:key']) {
    app.get(url, { onSend: sayType }, get)
    app.put(url, { onRequest: async (request) => void keyOf(request as KeyRequest) }, put)
    app.route({
      method: ['POST', 'DELETE', 'PATCH'],
      url,
      onRequest: async () => {
        throw relayError('method_not_allowed', { headers: { allow: 'GET, HEAD, PUT' } })
      },
      handler: async () => {},
    })
  }

  async function get(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const key = keyOf(request as KeyRequest)
    const policy = policyOf(request)
    const kept = await ctx.resolver.resolve(key, policy, () => ctx.lookups.take(addressOf(request)))
    if (wantsPage(request.headers.accept)) return page(reply, kept)
    reply.headers(packetHeaders(kept, ctx.ttl))
    if (isKnown(request.headers['if-modified-since'], kept.packet)) return reply.code(304).send()
    return reply.send(sentFormOf(kept.packet).payload)
  }

  async function put(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const key = keyOf(request as KeyRequest)
    const packet = await packetOf(key, request.body)
    const stored = await ctx.publisher.publish(packet, ifMatchOf(request), () =>
      ctx.lookups.take(addressOf(request)),
    )
    return reply.code(204).header('pkarr-dht-stored-nodes', stored).send()
  }

  function page(reply: FastifyReply, found: FoundPacket): FastifyReply {
    const nodes = ctx.agreed(found.packet.publicKey)
    return reply
      .headers({ 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-store' })
      .type(HTML)
      .send(recordPage(found, { nodes, nowMs: ctx.nowMs() }))
  }
}

/** Set late: Fastify replaces a type that no grammar of media types allows. */
function sayType(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: null, payload: unknown) => void,
): void {
  if (reply.statusCode === 200 && !wantsPage(request.headers.accept))
    reply.header('content-type', PAYLOAD_TYPE)
  done(null, payload)
}

function keyOf(request: KeyRequest): PublicKeyZ32 {
  try {
    return parsePublicKeyLenient(request.params.key)
  } catch (cause) {
    if (cause instanceof ProtocolError) throw relayError('invalid_key', { cause })
    throw cause
  }
}

function policyOf(request: FastifyRequest): Policy {
  const { policy = 'CacheFirst' } = request.query as { policy?: unknown }
  const known = POLICIES.find((name) => name === policy)
  if (!known) throw relayError('invalid_policy')
  return known
}

async function packetOf(key: PublicKeyZ32, body: unknown): Promise<SignedPacket> {
  const bytes = Buffer.isBuffer(body) ? body : NO_BODY
  if (bytes.length > MAX_RELAY_PAYLOAD_BYTES) throw relayError('invalid_packet')
  try {
    return await packetFromRelayPayload(key, Uint8Array.from(bytes))
  } catch (cause) {
    if (cause instanceof ProtocolError) throw relayError('invalid_packet', { cause })
    throw cause
  }
}

/** The decimal timestamp of `If-Match`; anything else counts as absent. */
function ifMatchOf(request: FastifyRequest): bigint | null {
  const text = request.headers['if-match']
  if (text === undefined || !/^\d{1,20}$/.test(text)) return null
  const value = BigInt(text)
  return value < 2n ** 64n ? value : null
}

/** Whether the packet is not newer than the date, in full precision of microseconds. */
function isKnown(header: string | undefined, packet: SignedPacket): boolean {
  const date = header === undefined ? Number.NaN : Date.parse(header)
  return Number.isFinite(date) && packet.timestamp <= BigInt(Math.floor(date / 1000)) * 1_000_000n
}
