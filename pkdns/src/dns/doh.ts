import { encodeDnsMessage, ProtocolError } from '@pubky/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { dnsError } from '../errors.ts'
import { clientAddress } from '../relay/quota.ts'
import { typeNumber } from '../zone/record-text.ts'
import { CLASS_IN, FLAGS, RCODES, TYPE_OPT } from './codes.ts'
import { jsonForm } from './json-form.ts'
import type { DnsService } from './service.ts'
import { HEADER_BYTES, readReply } from './wire.ts'

const MESSAGE_TYPE = 'application/dns-message'
export const MAX_MESSAGE_BYTES = 65_535

export interface DohContext {
  service: Pick<DnsService, 'handle' | 'look'>
  behindProxy: boolean
  /** Seconds an answer without records may be kept. */
  negativeTtlS: number
  metrics: () => string
  nowMs: () => number
}

/** DNS over HTTPS without its TLS, which a proxy adds: RFC 8484 and a JSON form for people. */
export function dohRoutes(app: FastifyInstance, ctx: DohContext): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*')
    if (request.method !== 'OPTIONS') return
    const wanted = request.headers['access-control-request-headers']
    reply.header('access-control-allow-methods', 'GET, POST')
    reply.header('access-control-max-age', '86400')
    if (wanted !== undefined) reply.header('access-control-allow-headers', wanted)
    await reply.code(204).send()
  })

  app.get('/dns-query', async (request: FastifyRequest, reply) => {
    const query = request.query as Record<string, unknown>
    if (accepts(request, 'application/dns-json') && query.name !== undefined)
      return json(request, reply)
    mustAccept(request)
    return answer(request, reply, fromBase64Url(query.dns))
  })
  app.post('/dns-query', async (request, reply) => {
    mustAccept(request)
    if (!Buffer.isBuffer(request.body)) throw dnsError('doh_message_invalid')
    return answer(request, reply, request.body)
  })
  app.get('/resolve', json)
  app.get('/metrics', async (_, reply) =>
    reply.type('text/plain; version=0.0.4').send(ctx.metrics()),
  )

  const asker = (request: FastifyRequest) => ({
    network: clientAddress(request, ctx.behindProxy),
    transport: 'doh' as const,
  })

  async function answer(request: FastifyRequest, reply: FastifyReply, message: Buffer) {
    if (message.length < HEADER_BYTES) throw dnsError('doh_message_invalid')
    const sent = await ctx.service.handle(message, asker(request))
    // A reply in the place of a question, or no question at all (spec/discovery.md 5.1).
    const bytes = sent ?? servfail(message)
    if (bytes.length === HEADER_BYTES && (bytes[3] ?? 0) % 16 === RCODES.FORMERR)
      throw dnsError('doh_message_invalid')
    return reply.header('cache-control', cacheControl(bytes)).type(MESSAGE_TYPE).send(bytes)
  }

  function cacheControl(bytes: Buffer): string {
    const rcode = bytes.readUInt16BE(2) & FLAGS.rcode
    if (rcode !== RCODES.NOERROR && rcode !== RCODES.NXDOMAIN) return 'no-store'
    const ttl = bytes.readUInt16BE(6) > 0 ? readReply(bytes)?.ttl : null
    return `max-age=${ttl ?? ctx.negativeTtlS}`
  }

  async function json(request: FastifyRequest, reply: FastifyReply) {
    const { name, type = 'A', do: dnssec, cd } = request.query as Record<string, unknown>
    const number = typeof type === 'string' ? typeNumber(type) : null
    if (typeof name !== 'string' || name === '' || number === null)
      throw dnsError('doh_question_invalid')
    const isOn = (value: unknown) => value === '1' || value === 'true'
    const message = questionMessage(name, number, { dnssec: isOn(dnssec), cd: isOn(cd) })
    const found = await ctx.service.look(message, asker(request))
    if (found === 'refused') throw dnsError('doh_refused')
    if (found === 'failed') throw dnsError('doh_failed')
    const body = shown(found, { name, type: number, nowMs: ctx.nowMs() })
    return reply
      .header('cache-control', cacheControl(found.bytes))
      .type('application/dns-json')
      .send(JSON.stringify(body))
  }
}

/** A resolver's reply is passed on as it came, which may be nothing that can be shown. */
function shown(...args: Parameters<typeof jsonForm>) {
  try {
    return jsonForm(...args)
  } catch (cause) {
    if (cause instanceof ProtocolError) throw dnsError('doh_failed', cause)
    throw cause
  }
}

function servfail(message: Buffer): Buffer {
  const out = Buffer.alloc(HEADER_BYTES)
  message.copy(out, 0, 0, 2)
  out.writeUInt16BE(FLAGS.response | FLAGS.recursionAvailable | RCODES.SERVFAIL, 2)
  return out
}

function accepts({ headers }: FastifyRequest, type: string): boolean {
  const parts = (headers.accept ?? '').split(',').map((part) => part.split(';')[0]?.trim())
  return parts.some((part) => part?.toLowerCase() === type)
}

function mustAccept(request: FastifyRequest): void {
  const isAny = request.headers.accept === undefined || accepts(request, '*/*')
  if (!isAny && !accepts(request, MESSAGE_TYPE) && !accepts(request, 'application/*'))
    throw dnsError('doh_accept')
}

function fromBase64Url(text: unknown): Buffer {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1)
    throw dnsError('doh_message_invalid')
  return Buffer.from(text, 'base64url')
}

/** A question as a stub resolver writes it. Throws `doh_question_invalid`. */
export function questionMessage(
  name: string,
  type: number,
  o: { dnssec?: boolean; cd?: boolean } = {},
): Buffer {
  const flags = FLAGS.recursionDesired | (o.cd ? FLAGS.checkingDisabled : 0)
  const opt = {
    name: '.',
    class: 4096,
    ttl: o.dnssec ? 0x8000 : 0,
    data: { type: 'unknown', code: TYPE_OPT, bytes: new Uint8Array() },
  } as const
  const questions = [{ name, type, class: CLASS_IN }]
  try {
    return Buffer.from(encodeDnsMessage({ flags, questions, additionals: [opt] }))
  } catch (cause) {
    if (cause instanceof ProtocolError) throw dnsError('doh_question_invalid', cause)
    throw cause
  }
}
