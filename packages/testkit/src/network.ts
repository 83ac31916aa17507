import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningHomeserver, startHomeserver } from '@pubky/homeserver'
import { startHttpRelay } from '@pubky/http-relay'
import { startPkdns } from '@pubky/pkdns'
import {
  must,
  type PublicKeyZ32,
  randomBytes,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  toHex,
} from '@pubky/protocol'
import { createPubky, type Pubky, type PubkyOptions, type Session } from '@pubky/sdk'
import { createPkarrClient } from '@pubky/sdk/pkarr/client'
import { createLogger, Teardown } from '@pubky/server-kit'
import { createTestDatabase } from './pg.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../prisma')
/** A busy machine may take longer than the patience of people. */
const LOOKUP_MS = 60_000
/** The official testnet's homeserver (design 5). */
const ZERO_SEED = '00'.repeat(32)

export interface TestNetworkOptions {
  /** Each on a database of its own; the first has the key of the official testnet. */
  homeservers?: number
  /** How many of them, the last ones, ask for sign-up tokens; none unless told. */
  closed?: number
  /** Starts Nexus too, which follows every homeserver. */
  nexus?: boolean
  /** Ports that are fixed; free ones otherwise. */
  ports?: { relay?: number; httpRelay?: number; dht?: number; homeserver?: number; admin?: number }
}

export interface TestNetwork extends AsyncDisposable {
  /** Base URL of the PKARR relay. */
  readonly relay: string
  /** Base URL of the HTTP relay. */
  readonly httpRelay: string
  /** `host:port` by which DHT nodes join. */
  readonly dht: string
  readonly homeserver: RunningHomeserver
  readonly homeservers: readonly RunningHomeserver[]
  readonly homeserverKey: PublicKeyZ32
  /** Base URL; null without Nexus. */
  readonly nexus: string | null
  /** Where Nexus keeps its data; null without it. */
  readonly nexusConfig: { databaseUrl: string; dataDir: string } | null
  /** A client with an empty cache, closed with the network. */
  client(o?: PubkyOptions): Pubky
}

/**
 * DHT nodes, relay, homeservers and, when asked for, Nexus: in this process, on free ports, with
 * databases in the run's PostgreSQL.
 */
export async function startTestNetwork(o: TestNetworkOptions = {}): Promise<TestNetwork> {
  process.env.LOG_LEVEL ??= 'silent'
  const teardown = new Teardown()
  try {
    return await build(o, teardown)
  } catch (error) {
    await teardown[Symbol.asyncDispose]().catch(() => {})
    throw error
  }
}

async function build(o: TestNetworkOptions, teardown: Teardown): Promise<TestNetwork> {
  const { homeservers: count = 1, ports = {} } = o
  const dir = await mkdtemp(join(tmpdir(), 'pubky-network-'))
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  const pkdns = teardown.use(
    await startPkdns(
      {
        dataDir: join(dir, 'pkdns'),
        relayPort: ports.relay ?? 0,
        dhtPort: ports.dht ?? 0,
        dnsPort: 0,
        dohPort: 0,
        nodes: 3,
      },
      { log: createLogger('pkdns', { level: 'silent' }) },
    ),
  )
  const { relay, dht } = pkdns.urls
  const httpRelay = teardown.use(
    await startHttpRelay(
      { port: ports.httpRelay ?? 0, cors: 'allow-all' },
      { log: createLogger('http-relay', { level: 'silent' }) },
    ),
  )
  const homeservers: RunningHomeserver[] = []
  for (let index = 0; index < count; index += 1) {
    const database = teardown.use(
      await createTestDatabase(join(MIGRATIONS, 'homeserver/migrations')),
    )
    const isFirst = index === 0
    homeservers.push(
      teardown.use(
        await startHomeserver(
          {
            databaseUrl: database.url,
            dataDir: join(dir, `homeserver-${index}`),
            secretSeed: isFirst ? ZERO_SEED : toHex(randomBytes(32)),
            port: (isFirst && ports.homeserver) || 0,
            adminPort: (isFirst && ports.admin) || 0,
            signupMode: index < count - (o.closed ?? 0) ? 'open' : 'token_required',
            network: 'local',
            pkarrRelays: [relay],
          },
          { pkarr: createPkarrClient({ relays: [relay], timeoutMs: LOOKUP_MS }) },
        ),
      ),
    )
  }
  const [homeserver] = homeservers
  if (!homeserver) throw new RangeError('a network has a homeserver')
  const nexus = o.nexus ? await startNexusFor(homeservers, { dir, relay }, teardown) : null
  return {
    relay,
    httpRelay: httpRelay.urls.http,
    dht,
    homeserver,
    homeservers,
    homeserverKey: homeserver.publicKey,
    nexus: nexus?.url ?? null,
    nexusConfig: nexus?.config ?? null,
    client(options = {}) {
      const all = { relays: [relay], localHost: 'localhost', ...options }
      const pkarr = createPkarrClient({ ...all, timeoutMs: LOOKUP_MS })
      return teardown.use(createPubky({ pkarr, ...all }))
    },
    [Symbol.asyncDispose]: () => teardown[Symbol.asyncDispose](),
  }
}

/** A network of two homeservers, and a client to move between them. */
export async function startTwoHomes() {
  const net = await startTestNetwork({ homeservers: 2 })
  const [first, second] = net.homeservers.map(({ publicKey }) => publicKey)
  return {
    net,
    pubky: net.client(),
    first: must(first, 'a home'),
    second: must(second, 'a second'),
  }
}

/** Somebody new at the first homeserver, let in as an app is. */
export async function joinNetwork(
  network: TestNetwork,
  o: { root?: Signer; capabilities?: string } = {},
): Promise<{ key: PublicKeyZ32; session: Session }> {
  const { root = signerFromKeypair(randomKeypair()), capabilities = '/pub/pubky.app/:rw' } = o
  const session = await network.client().signUpGrant(root, {
    homeserver: network.homeserverKey,
    client: randomKeypair(),
    clientId: 'example.org',
    capabilities,
  })
  return { key: root.publicKey, session }
}

async function startNexusFor(
  homeservers: readonly RunningHomeserver[],
  o: { dir: string; relay: string },
  teardown: Teardown,
): Promise<{ url: string; config: NonNullable<TestNetwork['nexusConfig']> }> {
  const { startNexus } = await import('@pubky/nexus')
  const database = teardown.use(await createTestDatabase(join(MIGRATIONS, 'nexus/migrations')))
  const config = { databaseUrl: database.url, dataDir: join(o.dir, 'nexus') }
  const nexus = teardown.use(
    await startNexus({
      ...config,
      host: '127.0.0.1',
      port: 0,
      pkarrRelays: [o.relay],
      homeservers: homeservers.map(({ publicKey }) => publicKey),
      network: 'local',
      roles: ['watcher', 'projector', 'api'],
    }),
  )
  return { url: must(nexus.urls.http, 'an address'), config }
}
