import { join } from 'node:path'
import { randomBytes } from '@pubky/protocol'
import {
  type BaseDeps,
  createHttpServer,
  createLogger,
  type Logger,
  listen,
  type Running,
  startWithTeardown,
} from '@pubky/server-kit'
import { MAX_CONNECTIONS, PKDNS_DEFAULTS, type PkdnsConfig, REQUEST_TIMEOUT_MS } from './config.ts'
import { startDhtNodes } from './dht-nodes.ts'
import { startDns } from './dns/start-dns.ts'
import { fewNodesLog } from './few-nodes.ts'
import { allowBrowsers } from './relay/cors.ts'
import { answerFreshFirst } from './relay/fresh-answers.ts'
import { openPacketStore } from './relay/packet-store.ts'
import { createPublisher } from './relay/publish.ts'
import { createQuota } from './relay/quota.ts'
import { parseQuota, quotaText } from './relay/quota-setting.ts'
import { createRelayResolver } from './relay/resolve.ts'
import { relayRoutes } from './relay/routes.ts'

/** Bodies above this are refused with 413 before they are read (spec/discovery.md 2.2). */
const BODY_LIMIT_BYTES = 1104

export type PkdnsDeps = Pick<BaseDeps, 'clock' | 'random'> & {
  log: Logger
  /** Port of the name servers that packets name, for tests; else 53. */
  delegationPort: number
}

export type PkdnsUrls = { relay: string; dht: string; dns: string; doh: string }

/**
 * Starts the DHT nodes, the PKARR relay and the DNS server. `urls.relay` is the base URL of the relay,
 * `urls.dht` the `host:port` by which other nodes join, `urls.dns` that of the DNS server, `urls.doh`
 * the URL of DNS over HTTPS. Throws `dht_bind_failed` or a StartError `port_in_use`.
 *
 * @example
 * const pkdns = await startPkdns({ dataDir: './data', relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 })
 */
export function startPkdns(
  given: Partial<PkdnsConfig> & Pick<PkdnsConfig, 'dataDir'>,
  deps: Partial<PkdnsDeps> = {},
): Promise<Running<PkdnsUrls>> {
  const config: PkdnsConfig = { ...PKDNS_DEFAULTS, ...given }
  const {
    clock = () => BigInt(Date.now()) * 1000n,
    random = randomBytes,
    log = createLogger('pkdns'),
  } = deps
  const isLocal = config.network === 'local'

  return startWithTeardown(async (teardown) => {
    const warn = (error: unknown) => log.debug({ error }, 'passed over')
    const store = await openPacketStore({
      file: join(config.dataDir, 'relay', 'packets.log'),
      maxBytes: config.cacheBytes,
      maxPackets: config.cachePackets,
      clock,
      warn: (error) => log.warn({ error }, 'a stored packet could not be read'),
    })
    teardown.add(() => store.close())
    const isAlone = isLocal && config.nodes === 1 && config.bootstrap.length === 0
    const onFewNodes = isAlone ? undefined : fewNodesLog(log, clock)
    const dht = await startDhtNodes(config, { clock, random, warn, onFewNodes }, teardown)

    let isReady = false
    dht.ready.then(() => {
      isReady = true
    }, warn)
    const app = createHttpServer({
      name: 'pkdns',
      log,
      bodyLimit: BODY_LIMIT_BYTES,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      errors: 'text',
      ready: () => isLocal || (isReady && dht.stats().contacts > 0),
    })
    app.server.maxConnections = MAX_CONNECTIONS
    teardown.add(() => app.close())
    const requestQuota = config.requestQuota ?? parseQuota(isLocal ? '1000r/s*5' : '20r/s*5')
    const lookupQuota = config.lookupQuota ?? parseQuota(isLocal ? '1000r/s*5' : '10r/s*5')
    const ttl = { min: config.minimumTtl, max: Math.max(config.minimumTtl, config.maximumTtl) }
    const address = `${dht.address.host}:${dht.address.port}`
    allowBrowsers(app)
    const resolver = createRelayResolver({ dht, isAlone, store, clock, ttl, warn })
    const requests = createQuota({ quota: requestQuota, what: 'Requests', clock })
    const behindProxy = config.behindProxy === 'yes'
    answerFreshFirst(app.server, { fresh: resolver.fresh, requests, behindProxy, ttl })
    relayRoutes(app, {
      resolver,
      publisher: createPublisher({ dht, store, clock }),
      requests,
      lookups: createQuota({ quota: lookupQuota, what: 'DHT Requests', clock }),
      behindProxy,
      ttl,
      agreed: store.agreed,
      nowMs: () => Number(clock() / 1000n),
      status: () => ({
        network: config.network,
        dht: address,
        contacts: dht.stats().contacts,
        size: dht.stats().size,
        requestQuota: quotaText(requestQuota),
        lookupQuota: quotaText(lookupQuota),
        ...store.stats(),
      }),
    })
    const { url } = await listen(app, {
      name: 'the PKARR relay',
      host: config.host,
      port: config.relayPort,
    })
    const { delegationPort } = deps
    const contacts = () => dht.stats().contacts
    const parts = { dht, store, clock, random, log, isAlone, contacts }
    const dns = await startDns(
      config,
      delegationPort === undefined ? parts : { ...parts, delegationPort },
      teardown,
    )
    return { relay: url, dht: address, ...dns }
  })
}
