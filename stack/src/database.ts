import { setTimeout as sleep } from 'node:timers/promises'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@pubky/server-kit/postgres/embedded'
import { ensureDatabase } from '@pubky/server-kit/postgres/ensure-database'

export const DATABASES = ['homeserver', 'nexus'] as const
export type DatabaseName = (typeof DATABASES)[number]

export interface Databases extends AsyncDisposable {
  /** Address of a database; changes when the server had to move to another port. */
  url(name: DatabaseName): string
  /** How the server is run, for the status line. */
  readonly route: string
  /** Whether a server that was already running is used. */
  readonly reused: boolean
}

const RETRY_MS = [100, 500, 2000, 10_000] as const

/** `DATABASE_URL` names a server (and a database, whose name begins ours); they are made if missing. */
async function openExternal(serverUrl: string): Promise<Databases> {
  const prefix = new URL(serverUrl).pathname.slice(1) || 'pubky'
  const urls = new Map<DatabaseName, string>()
  for (const name of DATABASES) urls.set(name, await ensureDatabase(serverUrl, `${prefix}_${name}`))
  return {
    url: (name) => urls.get(name) ?? serverUrl,
    route: 'DATABASE_URL',
    reused: true,
    async [Symbol.asyncDispose]() {},
  }
}

/**
 * The databases of the network: of the server that `DATABASE_URL` names, else of the built-in one,
 * which is started again when it ends by itself. `onMove` is called when its address has changed.
 */
export async function openDatabases(o: {
  dataDir: string
  port: number
  fsync?: boolean
  /** Leaves a server running that ran before, for programs beside a running network. */
  keep?: boolean
  tell: (text: string) => void
  onMove?: () => void
}): Promise<Databases> {
  if (process.env.DATABASE_URL) return openExternal(process.env.DATABASE_URL)
  const start = () =>
    startEmbeddedPostgres({
      dataDir: o.dataDir,
      port: o.port,
      ...(o.fsync !== undefined && { fsync: o.fsync }),
    })
  let server: EmbeddedPostgres = await start()
  const { route, reused } = server
  for (const name of DATABASES) await ensureDatabase(server.url('postgres'), `pubky_${name}`)
  const stopping = new AbortController()

  async function recover(): Promise<void> {
    const before = server.url('')
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]
      await sleep(wait, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      try {
        server = await start()
        if (stopping.signal.aborted) return server[Symbol.asyncDispose]()
        break
      } catch (error) {
        o.tell(error instanceof Error ? error.message : 'PostgreSQL could not be started.')
      }
    }
    o.tell('PostgreSQL is back')
    if (server.url('') !== before) o.onMove?.()
  }

  async function keepRunning(): Promise<void> {
    while (!stopping.signal.aborted) {
      await server.failed.catch(() => {})
      if (stopping.signal.aborted) return
      o.tell('PostgreSQL ended; starting it again')
      await recover()
    }
  }

  const running = keepRunning()
  return {
    url: (name) => server.url(`pubky_${name}`),
    route,
    reused,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      if (o.keep && reused) return
      await server[Symbol.asyncDispose]()
      await running
    },
  }
}
