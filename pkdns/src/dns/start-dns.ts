import type { Dht } from '@pubky/sdk/dht'
import {
  createHttpServer,
  createMetrics,
  isPublicAddress,
  type Logger,
  listen,
  type Teardown,
} from '@pubky/server-kit'
import { MAX_CONNECTIONS, type PkdnsConfig, REQUEST_TIMEOUT_MS } from '../config.ts'
import type { PacketStore } from '../relay/packet-store.ts'
import { createRelayResolver } from '../relay/resolve.ts'
import { countsText, createCounts } from './counts.ts'
import { dohRoutes, MAX_MESSAGE_BYTES } from './doh.ts'
import { createForwarder } from './forward.ts'
import { createLimits } from './limits.ts'
import { listenDns } from './listen.ts'
import { createPacketSource } from './packets.ts'
import { createNameResolver } from './resolver.ts'
import { DNS_PORT, parseServer } from './server-address.ts'
import { createDnsService } from './service.ts'

const MAINNET_UPSTREAMS = ['8.8.8.8:53']
const UNLIMITED_LOOKUPS = 0
/** Look-ups per second for everybody together; source addresses over UDP can be forged. */
const TOTAL_LOOKUPS = 200

export interface DnsParts {
  dht: Pick<Dht, 'get'>
  /** Whether this process is the whole network. */
  isAlone: boolean
  store: PacketStore
  clock: () => bigint
  random: (bytes: number) => Uint8Array
  log: Logger
  /** Nodes in the routing table of the DHT. */
  contacts: () => number
  /** Port at which name servers that packets name are asked; other than 53 in tests. */
  delegationPort?: number
}

/** Starts the DNS server and DNS over HTTPS on the packets of the relay. */
export async function startDns(
  config: PkdnsConfig,
  { dht, isAlone, store, clock, random, log, contacts, delegationPort = DNS_PORT }: DnsParts,
  teardown: Teardown,
): Promise<{ dns: string; doh: string }> {
  const isLocal = config.network === 'local'
  const named = config.forward.length > 0 || isLocal ? config.forward : MAINNET_UPSTREAMS
  const upstreams = named.map(parseServer)
  const nowMs = () => Number(clock() / 1000n)
  const warn = (error: unknown) => log.debug({ error }, 'passed over')
  const min = config.dnsMinimumTtl
  const max = Math.max(min, config.dnsMaximumTtl)

  const forwarder = createForwarder({ servers: upstreams, random })
  teardown.add(() => forwarder.close())
  const counts = createCounts()
  const metrics = createMetrics()
  const service = createDnsService({
    resolver: createNameResolver({
      packets: createPacketSource({
        resolver: createRelayResolver({
          dht,
          isAlone,
          store,
          clock,
          ttl: { min, max },
          warn,
        }),
        store,
        clock,
        ttl: { min, max, stale: config.staleSeconds },
      }),
      forwarder,
      upstreams,
      tld: config.topLevelDomain.toLowerCase(),
      maxSteps: config.recursionDepth,
      negativeTtlS: min,
      mayReach: (host) => isLocal || isPublicAddress(host),
      delegationPort,
    }),
    limits: createLimits(
      {
        queriesPerSecond: isLocal ? 0 : config.queriesPerSecond,
        queryBurst: config.queriesPerSecond * 2,
        lookupsPerSecond: isLocal ? UNLIMITED_LOOKUPS : config.dnsLookupsPerSecond,
        lookupBurst: config.dnsLookupsPerSecond * 5,
        totalLookupsPerSecond: isLocal ? UNLIMITED_LOOKUPS : TOTAL_LOOKUPS,
        surplusBytesPerSecond: config.surplusBytesPerSecond,
      },
      nowMs,
    ),
    counts,
    nowMs,
    cacheBytes: config.dnsCacheBytes,
    staleS: config.staleSeconds,
    refuseAny: config.refuseAny === 'yes',
    warn,
  })
  store.onChange(service.forget)
  metrics.gauge('pkdns_cached_answers', 'DNS answers kept', () => service.stats().entries)
  metrics.gauge('pkdns_dht_contacts', 'Nodes of the DHT that are known', contacts)
  metrics.gauge('pkdns_packets', 'Packets on disk', () => store.stats().onDisk)
  metrics.gauge('pkdns_packet_bytes', 'Memory of packets', () => store.stats().memoryBytes)
  metrics.gauge('pkdns_cached_bytes', 'Bytes of them', () => service.stats().bytes)

  const listener = teardown.use(
    await listenDns(service, { host: config.host, port: config.dnsPort }),
  )
  const app = createHttpServer({
    name: 'pkdns-doh',
    log,
    bodyLimit: MAX_MESSAGE_BYTES,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    errors: 'text',
  })
  app.server.maxConnections = MAX_CONNECTIONS
  teardown.add(() => app.close())
  dohRoutes(app, {
    service,
    behindProxy: config.behindProxy === 'yes',
    negativeTtlS: min,
    metrics: countsText(counts, metrics),
    nowMs,
  })
  const { url } = await listen(app, {
    name: 'DNS over HTTPS',
    host: config.host,
    port: config.dohPort,
  })
  return { dns: `${listener.host}:${listener.port}`, doh: `${url}/dns-query` }
}
