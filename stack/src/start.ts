import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Running, startWithTeardown, type Teardown } from '@pubky/server-kit/lifecycle'
import { type Child, startChild } from './child.ts'
import { openDataFolder } from './data-folder.ts'
import { openDatabases } from './database.ts'
import { StackError } from './errors.ts'
import { homeserverIdentity } from './identity.ts'
import {
  DEFAULT_PORTS,
  type LocalNetwork,
  type Ports,
  SERVICES,
  type ServiceName,
} from './network.ts'
import { checkPorts, choosePorts } from './ports.ts'
import { endLeftovers } from './processes.ts'
import { addresses, serviceSpecs } from './services.ts'

export interface StackOptions {
  dataDir: string
  /** `free` takes ports that are free now, for tests. */
  ports?: Partial<Ports> | 'free'
  without?: Iterable<ServiceName>
  network?: 'local' | 'mainnet'
  /** Off only for tests whose data nobody needs again. */
  fsync?: boolean
  /** The checkout whose `dist/` and `web/.next` are run; this one by default. */
  repository?: string
  /** One line for the person who watches: a service that is ready, ended or came back. */
  tell?: (text: string) => void
}

export type StackUrls = LocalNetwork & {
  admin: string
  dht: string
  httpRelay: string
  /** `host:port` of the DNS server, and the URL of DNS over HTTPS. */
  dns: string
  doh: string
}

/** A running network: its addresses, and its processes for tests that hurt them. */
export interface RunningStack extends Running<StackUrls> {
  readonly children: ReadonlyMap<ServiceName, Child>
  /** Address of a service's database. */
  databaseUrl(name: 'homeserver' | 'nexus'): string
}

/** This file lies in `stack/src`, and bundled in `dist`. */
export function findRepository(): string {
  const up = [join(import.meta.dirname, '..', '..'), join(import.meta.dirname, '..')]
  const found = up.find((folder) => existsSync(join(folder, 'package-lock.json')))
  return found ?? process.cwd()
}

function checkBuild(repository: string, services: readonly ServiceName[]): void {
  const missing = services.filter(
    (name) =>
      !existsSync(join(repository, 'dist', `${name}.js`)) ||
      (name === 'web' && !existsSync(join(repository, 'web/.next/BUILD_ID'))),
  )
  if (missing.length > 0)
    throw new StackError('not_built', `${missing.join(' and ')} is not built: run npm run build.`)
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`
}

interface Plan {
  repository: string
  services: readonly ServiceName[]
  ports: Ports
  tell: (text: string) => void
  children: Map<ServiceName, Child>
  database: { url(name: 'homeserver' | 'nexus'): string }
}

async function launch(o: StackOptions, plan: Plan, teardown: Teardown): Promise<StackUrls> {
  const { tell, ports, children } = plan
  const folder = teardown.use(await openDataFolder(o.dataDir))
  for (const name of ['run', 'logs'])
    await mkdir(folder.path(name), { recursive: true, mode: 0o700 })
  await endLeftovers(folder.path('run'))
  await checkPorts(ports, new Set(SERVICES.filter((name) => !plan.services.includes(name))))

  let sinceMs = performance.now()
  const databases = teardown.use(
    await openDatabases({
      dataDir: folder.path('postgres'),
      port: ports.postgres,
      ...(o.fsync !== undefined && { fsync: o.fsync }),
      tell,
      onMove: () => {
        for (const name of ['homeserver', 'nexus'] as const) children.get(name)?.restart()
      },
    }),
  )
  plan.database = databases
  const again = databases.reused && databases.route !== 'DATABASE_URL' ? ', was still running' : ''
  tell(`postgres    ready in ${seconds(sinceMs)} (${databases.route}${again})`)

  const network = o.network ?? 'local'
  const identity = await homeserverIdentity(folder, network)
  const specs = serviceSpecs({ ...plan, folder, databases, network, identity })
  teardown.add(async () => {
    await Promise.all([...children.values()].map((child) => child[Symbol.asyncDispose]()))
  })
  sinceMs = performance.now()
  const start = async (name: ServiceName) => {
    if (!plan.services.includes(name)) return
    const child = await startChild(specs[name], tell)
    children.set(name, child)
    tell(`${name.padEnd(10)}  ready in ${seconds(sinceMs)}`)
  }
  // The homeserver publishes its record through the relay; the others only ask when they need it.
  const results = await Promise.allSettled([
    start('pkdns').then(() => start('homeserver')),
    start('http-relay'),
    start('nexus'),
    start('web'),
  ])
  for (const result of results) if (result.status === 'rejected') throw result.reason
  const { relay, httpRelay, homeserver, admin, nexus, web, dht, dns, doh } = addresses(ports)
  return {
    relay,
    httpRelay,
    homeserver,
    homeserverKey: identity.key,
    nexus,
    web,
    dataDir: folder.dir,
    admin,
    dht,
    dns,
    doh,
  }
}

/**
 * Starts the whole network as processes of this one and keeps them running. They end with `close()`,
 * or by themselves when this process dies. Rejects with a StackError or StartError of one sentence.
 */
export async function startStack(o: StackOptions): Promise<RunningStack> {
  const without = new Set(o.without ?? [])
  const services = SERVICES.filter((name) => !without.has(name))
  const repository = o.repository ?? findRepository()
  checkBuild(repository, services)
  const ports = o.ports === 'free' ? await choosePorts() : { ...DEFAULT_PORTS, ...(o.ports ?? {}) }
  const plan: Plan = {
    repository,
    services,
    ports,
    tell: o.tell ?? (() => {}),
    children: new Map(),
    database: { url: () => '' },
  }
  const running = await startWithTeardown((teardown) => launch(o, plan, teardown))
  return Object.assign(running, {
    children: plan.children,
    databaseUrl: (name: 'homeserver' | 'nexus') => plan.database.url(name),
  })
}
