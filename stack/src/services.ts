import { join } from 'node:path'
import type { ChildSpec } from './child.ts'
import type { DataFolder } from './data-folder.ts'
import type { Databases } from './database.ts'
import type { HomeserverIdentity } from './identity.ts'
import type { Ports, ServiceName } from './network.ts'

const HOST = '127.0.0.1'

export interface Layout {
  repository: string
  folder: DataFolder
  databases: Pick<Databases, 'url'>
  ports: Ports
  network: 'local' | 'mainnet'
  identity: HomeserverIdentity
}

export function addresses(ports: Ports) {
  const at = (port: number) => `http://localhost:${port}`
  return {
    relay: at(ports.relay),
    httpRelay: at(ports['http-relay']),
    homeserver: at(ports.homeserver),
    admin: at(ports.admin),
    nexus: at(ports.nexus),
    web: at(ports.web),
    dht: `${HOST}:${ports.dht}`,
    dns: `${HOST}:${ports.dns}`,
    doh: `${at(ports.doh)}/dns-query`,
  }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000), redirect: 'manual' })
  await response.body?.cancel()
  return response.status < 500
}

/** How each service is started, from the build in `dist/`. */
export function serviceSpecs(o: Layout): Record<ServiceName, ChildSpec> {
  const { repository, folder, databases, ports, network, identity } = o
  const at = addresses(ports)
  const script = (name: string) => join(repository, 'dist', `${name}.js`)
  const common = (name: string) => ({
    NODE_ENV: 'production',
    NETWORK: network,
    HOST,
    DATA_DIR: folder.path(name),
  })
  const spec = (name: ServiceName, env: () => Record<string, string>): ChildSpec => ({
    name,
    args: [script(name)],
    env,
    logFile: folder.path('logs', `${name}.log`),
    pidFile: folder.path('run', `${name}.pid`),
  })
  return {
    pkdns: spec('pkdns', () => ({
      ...common('pkdns'),
      RELAY_PORT: String(ports.relay),
      DHT_PORT: String(ports.dht),
      DNS_PORT: String(ports.dns),
      DOH_PORT: String(ports.doh),
    })),
    'http-relay': spec('http-relay', () => ({
      ...common('http-relay'),
      PORT: String(ports['http-relay']),
      CORS: 'allow-all',
      PERSIST_DIR: folder.path('http-relay'),
    })),
    homeserver: spec('homeserver', () => ({
      ...common('homeserver'),
      // Uploads wait for the disk on it.
      UV_THREADPOOL_SIZE: '16',
      DATABASE_URL: databases.url('homeserver'),
      HOMESERVER_MIGRATIONS: join(repository, 'prisma/homeserver/migrations'),
      PORT: String(ports.homeserver),
      ADMIN_PORT: String(ports.admin),
      METRICS_PORT: String(ports.metrics),
      PKARR_RELAYS: at.relay,
      SECRET_SEED: identity.seed,
      SIGNUP_MODE: identity.signupMode,
      ADMIN_PASSWORD: identity.adminPassword,
    })),
    nexus: spec('nexus', () => ({
      ...common('nexus'),
      DATABASE_URL: databases.url('nexus'),
      NEXUS_MIGRATIONS: join(repository, 'prisma/nexus/migrations'),
      PORT: String(ports.nexus),
      PKARR_RELAYS: at.relay,
      DHT_BOOTSTRAP: at.dht,
      HOMESERVERS: identity.key,
    })),
    web: {
      ...spec('web', () => ({
        NODE_ENV: 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        HOST,
        PORT: String(ports.web),
        PUBKY_NETWORK: network,
        PUBKY_RELAYS: at.relay,
        PUBKY_NEXUS_URL: at.nexus,
        PUBKY_NEXUS_INTERNAL_URL: `http://${HOST}:${ports.nexus}`,
        PUBKY_WEB_URL: at.web,
        PUBKY_HOMESERVER: identity.key,
      })),
      cwd: join(repository, 'web'),
      probe: () => answers(`http://${HOST}:${ports.web}/manifest.webmanifest`),
    },
  }
}
