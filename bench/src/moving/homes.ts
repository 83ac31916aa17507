import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keypairFromSeed, type PublicKeyZ32, randomBytes, toHex } from '@pubky/protocol'
import { ensureDatabase, isPortFree, startEmbeddedPostgres, Teardown } from '@pubky/server-kit'
import { REPOSITORY } from '../network-process.ts'
import { cpuTimeMs, killHard, processTree } from '../processes.ts'

const READY_MS = 60_000

/** A process of one of the bundles in `dist/`. */
interface Service {
  start(): Promise<void>
  /** Kills at once and starts again. */
  strike(): Promise<void>
  stop(): Promise<void>
  pid(): number
}

export interface Home extends Service {
  key: PublicKeyZ32
}

export interface Homes extends AsyncDisposable {
  relay: string
  homes: [Home, Home]
  /** CPU time of both homes and of PostgreSQL, in ms. */
  cpuMs(): number
}

function service(name: string, env: Record<string, string>, logFile: string): Service {
  const log = createWriteStream(logFile, { flags: 'a' })
  let child: ChildProcess | null = null

  async function start(): Promise<void> {
    const script = join(REPOSITORY, 'dist', `${name}.js`)
    const running = spawn(process.execPath, [script], {
      env: { ...process.env, NODE_ENV: 'production', LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    child = running
    running.stdout?.pipe(log, { end: false })
    running.stderr?.pipe(log, { end: false })
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${name} did not start`)), READY_MS)
      const end = (failure?: Error) => {
        clearTimeout(late)
        if (failure) reject(failure)
        else resolve()
      }
      running.once('message', (message) => {
        const { failed } = message as { failed?: string }
        end(failed === undefined ? undefined : new Error(`${name}: ${failed}`))
      })
      running.once('exit', () => end(new Error(`${name} ended`)))
    })
  }

  async function gone(running: ChildProcess): Promise<void> {
    if (running.exitCode === null && running.signalCode === null)
      await new Promise((resolve) => running.once('exit', resolve))
  }

  return {
    start,
    pid: () => child?.pid ?? 0,
    async strike() {
      const running = child
      if (!running?.pid) return
      killHard(running.pid)
      await gone(running)
      await start()
    },
    async stop() {
      child?.kill('SIGTERM')
      if (child) await gone(child)
    },
  }
}

async function freePorts(count: number): Promise<number[]> {
  const free: number[] = []
  for (let port = 12_000 + ((process.pid * 53) % 15_000); free.length < count; port += 1)
    if (await isPortFree(port)) free.push(port)
  return free
}

/** A DHT with its relay and two homeservers, each a process of its own, over one PostgreSQL. */
export async function startHomes(dir: string): Promise<Homes> {
  const teardown = new Teardown()
  try {
    mkdirSync(dir, { recursive: true })
    const postgres = teardown.use(await startEmbeddedPostgres({ dataDir: join(dir, 'postgres') }))
    const [relayPort = 0, dhtPort = 0, ...ports] = await freePorts(6)
    const relay = `http://localhost:${relayPort}`
    const pkdns = service(
      'pkdns',
      {
        RELAY_PORT: String(relayPort),
        DHT_PORT: String(dhtPort),
        DHT_NODES: '3',
        DATA_DIR: join(dir, 'pkdns'),
        REQUEST_QUOTA: '100000r/s',
        LOOKUP_QUOTA: '100000r/s',
      },
      join(dir, 'pkdns.log'),
    )
    teardown.add(() => pkdns.stop())
    await pkdns.start()

    async function makeHome(index: number): Promise<Home> {
      const seed = randomBytes(32)
      const database = await ensureDatabase(postgres.url('postgres'), `home_${index}`)
      const env = {
        DATABASE_URL: database,
        HOMESERVER_MIGRATIONS: join(REPOSITORY, 'prisma/homeserver/migrations'),
        DATA_DIR: join(dir, `home-${index}`),
        PORT: String(ports[index * 2]),
        ADMIN_PORT: String(ports[index * 2 + 1]),
        METRICS_PORT: '0',
        SECRET_SEED: toHex(seed),
        SIGNUP_MODE: 'open',
        PKARR_RELAYS: relay,
        NETWORK: 'local',
      }
      const home = service('homeserver', env, join(dir, `home-${index}.log`))
      teardown.add(() => home.stop())
      await home.start()
      return { ...home, key: keypairFromSeed(seed).publicKey }
    }
    const homes: [Home, Home] = [await makeHome(0), await makeHome(1)]
    const clusterPid = () =>
      Number(readFileSync(join(dir, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0])
    const cpuMs = () =>
      [clusterPid(), ...homes.map((home) => home.pid())]
        .flatMap(processTree)
        .reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
    return { relay, homes, cpuMs, [Symbol.asyncDispose]: () => teardown[Symbol.asyncDispose]() }
  } catch (error) {
    await teardown[Symbol.asyncDispose]().catch(() => {})
    throw error
  }
}
