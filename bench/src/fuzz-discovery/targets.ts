import { createAnswers } from '@pubky/dht/answers'
import { createGuests } from '@pubky/dht/guests'
import { parseMessage } from '@pubky/dht/krpc/message'
import { createStorage } from '@pubky/dht/machine/storage'
import { createTokens } from '@pubky/dht/machine/tokens'
import { decodeDnsMessage, ProtocolError } from '@pubky/protocol'
import { createCounts } from '../../../pkdns/src/dns/counts.ts'
import { questionMessage } from '../../../pkdns/src/dns/doh.ts'
import { createLimits } from '../../../pkdns/src/dns/limits.ts'
import { createNameResolver } from '../../../pkdns/src/dns/resolver.ts'
import { createDnsService } from '../../../pkdns/src/dns/service.ts'
import { readQuery, readReply } from '../../../pkdns/src/dns/wire.ts'
import { type Corpus, forwardedName } from './corpus.ts'

/** Takes one message; throws or rejects only when something is wrong with the program. */
export type Target = (bytes: Buffer) => void | Promise<void>

const FROM = { host: '127.0.0.1', port: 4000 }

/** A DHT node without its socket: what is parsed, judged and answered. */
export function dhtNode(id: Uint8Array): Target {
  const clock = () => 1n
  const storage = createStorage({ maxItems: 500, maxBytes: 1 << 20 })
  const socket = { reply: () => {}, refuse: () => {} }
  const answers = createAnswers({
    id,
    store: {
      get: storage.get,
      // The signature of a mutated item is wrong; what comes behind it is fuzzed as if it were right.
      put: async (item, cas) =>
        storage.put(Buffer.from(item.key).toString('hex'), item, cas).outcome,
    },
    guests: createGuests(),
    tokens: createTokens(clock, (n) => new Uint8Array(n)),
    socket: () => socket,
    closest: () => [],
    warn(error) {
      throw error
    },
  })
  return (bytes) => {
    const message = parseMessage(bytes)
    if (message?.kind === 'query') answers(message, FROM)
  }
}

/** The readers of DNS messages; only the error that they list may come out. */
export const dnsReaders: Target = (bytes) => {
  readQuery(bytes)
  readReply(bytes)
  try {
    decodeDnsMessage(bytes)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
}

const UNLIMITED = {
  queriesPerSecond: 0,
  queryBurst: 0,
  lookupsPerSecond: 0,
  lookupBurst: 0,
  totalLookupsPerSecond: 0,
  surplusBytesPerSecond: 1000,
}

/** The DNS server without its sockets, with one key that exists. */
function serviceOf({ packet }: Corpus, forward: (name: string) => Buffer | null) {
  return createDnsService({
    resolver: createNameResolver({
      packets: {
        async find(key) {
          if (key !== packet.publicKey) return { kind: 'missing' }
          const origin = { key, timestamp: 1n, lastSeen: 1n, nodes: null }
          return { kind: 'packet', packet, origin, ageS: 0, ttlS: 60, isStale: false }
        },
      },
      forwarder: { ask: async ({ name }) => forward(name), close: () => {} },
      upstreams: [{ host: '127.0.0.1', port: 53 }],
      tld: 'key',
      maxSteps: 15,
      negativeTtlS: 60,
      mayReach: () => true,
      delegationPort: 53,
    }),
    limits: createLimits(UNLIMITED, () => performance.now()),
    counts: createCounts(),
    nowMs: () => performance.now(),
    cacheBytes: 4 << 20,
    staleS: 60,
    refuseAny: false,
    warn(error) {
      throw error
    },
  })
}

function check(sent: Buffer | null): void {
  if (sent && (sent.length > 1232 || readReply(sent) === null)) checkHeaderOnly(sent)
}

export function dnsServer(corpus: Corpus): Target {
  const service = serviceOf(corpus, () => null)
  return (bytes) => {
    const reply = service.handle(bytes, { network: 'fuzz', transport: 'udp' })
    if (reply instanceof Promise) return reply.then(check)
    check(reply)
  }
}

/** The DNS server when resolvers, and name servers that packets name, reply what is wrong behind the question. */
export function dnsForwarded(corpus: Corpus): Target {
  const key = corpus.packet.publicKey
  const zones = [`sub.${key}`, 'host.example', `sub.${key}.key`]
  let tail: Buffer = Buffer.alloc(0)
  let asked = 0
  const service = serviceOf(corpus, (name) => {
    const question = questionMessage(name, 1)
    const head = question.subarray(0, readQuery(question)?.questionEnd)
    const reply = Buffer.concat([head, tail.subarray(6)])
    reply.writeUInt16BE(0x8180, 2)
    reply.fill(0, 6, 12)
    tail.copy(reply, 6, 0, Math.min(6, tail.length))
    return reply
  })
  return async (bytes) => {
    tail = bytes
    asked += 1
    const question = questionMessage(forwardedName(asked, zones[asked % zones.length] ?? ''), 1)
    check(await service.handle(question, { network: 'fuzz', transport: 'udp' }))
  }
}

/** A refusal of what could not be read is a header and nothing else. */
function checkHeaderOnly(sent: Buffer): void {
  if (sent.length !== 12 || sent.readUInt16BE(4) !== 0) throw new Error('a reply is malformed')
}
