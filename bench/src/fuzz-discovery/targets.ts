import { createAnswers } from '@pubky/dht/answers'
import { createGuests } from '@pubky/dht/guests'
import { parseMessage } from '@pubky/dht/krpc/message'
import { createStorage } from '@pubky/dht/machine/storage'
import { createTokens } from '@pubky/dht/machine/tokens'
import { decodeDnsMessage, ProtocolError } from '@pubky/protocol'
import { createCounts } from '../../../pkdns/src/dns/counts.ts'
import { createLimits } from '../../../pkdns/src/dns/limits.ts'
import { createNameResolver } from '../../../pkdns/src/dns/resolver.ts'
import { createDnsService } from '../../../pkdns/src/dns/service.ts'
import { readQuery, readReply } from '../../../pkdns/src/dns/wire.ts'
import type { Random } from '../random.ts'
import type { Corpus } from './corpus.ts'

/** Takes one message; throws or rejects only when something is wrong with the program. */
export type Target = (bytes: Buffer) => void | Promise<void>

const FROM = { host: '127.0.0.1', port: 4000 }

/** A DHT node without its socket: what is parsed, judged and answered. */
export function dhtNode(random: Random): Target {
  const clock = () => 1n
  const storage = createStorage({ maxItems: 500, maxBytes: 1 << 20 })
  const socket = { reply: () => {}, refuse: () => {} }
  const answers = createAnswers({
    id: random.bytes(20),
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

/** The DNS server without its sockets, with one key that exists. */
export function dnsServer({ packet }: Corpus): Target {
  const service = createDnsService({
    resolver: createNameResolver({
      packets: {
        async find(key) {
          if (key !== packet.publicKey) return { kind: 'missing' }
          const origin = { key, timestamp: 1n, lastSeen: 1n, nodes: null }
          return { kind: 'packet', packet, origin, ageS: 0, ttlS: 60, isStale: false }
        },
      },
      forwarder: { ask: async () => null, close: () => {} },
      upstreams: [{ host: '127.0.0.1', port: 53 }],
      tld: 'key',
      maxSteps: 15,
      negativeTtlS: 60,
      mayReach: () => true,
      delegationPort: 53,
    }),
    limits: createLimits(
      {
        queriesPerSecond: 0,
        queryBurst: 0,
        lookupsPerSecond: 0,
        lookupBurst: 0,
        totalLookupsPerSecond: 0,
        surplusBytesPerSecond: 1000,
      },
      () => performance.now(),
    ),
    counts: createCounts(),
    nowMs: () => performance.now(),
    cacheBytes: 4 << 20,
    staleS: 60,
    refuseAny: false,
    warn(error) {
      throw error
    },
  })
  return (bytes) => {
    const reply = service.handle(bytes, { network: 'fuzz', transport: 'udp' })
    const check = (sent: Buffer | null) => {
      if (sent && (sent.length > 1232 || readReply(sent) === null)) checkHeaderOnly(sent)
    }
    if (reply instanceof Promise) return reply.then(check)
    check(reply)
  }
}

/** A refusal of what could not be read is a header and nothing else. */
function checkHeaderOnly(sent: Buffer): void {
  if (sent.length !== 12 || sent.readUInt16BE(4) !== 0) throw new Error('a reply is malformed')
}
