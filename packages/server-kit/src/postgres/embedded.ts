import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { StartError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { freePort, isPortFree } from '../ports.ts'
import { findBinaries } from './binaries.ts'
import { isAlive, isPostgres, isTaken, isWorkedIn } from './processes.ts'
import { chooseRunner, type Route, type Runner, spawnProgram } from './runner.ts'

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Address of a database of this server, password included. */
  url(database: string): string
  readonly route: Route
  /** Whether a server that was already running is used. */
  readonly reused: boolean
  /** Rejects when the server ends by itself; never resolves. */
  readonly failed: Promise<never>
}

export interface EmbeddedOptions {
  /** Everything of the cluster lies here, except for the route `linked-copy`. */
  dataDir: string
  /** 0 or nothing takes a free port, the one used before if it is still free. */
  port?: number
  /** Off only for tests: an acknowledged write must survive power loss. */
  fsync?: boolean
  log?: Logger
}

const USER = 'pubky'
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '80',
  shared_buffers: '64MB',
  work_mem: '8MB',
  maintenance_work_mem: '32MB',
  max_wal_size: '512MB',
  wal_compression: 'on',
  jit: 'off',
  max_parallel_workers_per_gather: '1',
  random_page_cost: '1.1',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_min_messages: 'warning',
  timezone: 'UTC',
} as const

async function readOrMakePassword(file: string): Promise<string> {
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim()
  const password = randomBytes(24).toString('base64url')
  await writeFile(file, password, { mode: 0o600 })
  await chmod(file, 0o600)
  return password
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

interface Cluster {
  runner: Runner
  password: string
  url(database: string, port: number): string
}

async function run(runner: Runner, program: 'initdb', args: readonly string[]): Promise<void> {
  const child = spawnProgram(runner, program, args)
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0)
    throw new StartError(
      'postgres_failed',
      `${program} failed: ${output.trim().split('\n').at(-1)}`,
    )
}

async function initialise(
  cluster: Cluster,
  passwordFile: string,
  o: Pick<EmbeddedOptions, 'fsync'>,
): Promise<void> {
  const { runner } = cluster
  const { clusterDir } = runner
  if (existsSync(join(clusterDir, 'PG_VERSION'))) return
  if (runner.route !== 'linked-copy') {
    // What an interrupted initdb left is no cluster yet.
    await rm(clusterDir, { recursive: true, force: true })
    await mkdir(clusterDir, { recursive: true, mode: 0o700 })
  }
  await run(runner, 'initdb', [
    '-D',
    clusterDir,
    '-U',
    USER,
    '--auth=scram-sha-256',
    `--pwfile=${runner.share(passwordFile)}`,
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-instructions',
    ...(o.fsync === false ? ['--no-sync'] : []),
  ])
}

/** Only the major of a cluster matters to the binaries, and it cannot be raised in place. */
async function checkVersion(clusterDir: string, postgresMajor: string): Promise<void> {
  const found = (await readFile(join(clusterDir, 'PG_VERSION'), 'utf8')).trim()
  if (found !== postgresMajor) {
    const text = `The data folder was made by PostgreSQL ${found}, this is ${postgresMajor}: restore a backup into a new folder.`
    throw new StartError('postgres_version', text)
  }
}

interface Running {
  port: number
  pid: number
}

/** What `postmaster.pid` says: the process number first, the port in the fourth line. */
async function readPidFile(clusterDir: string): Promise<Running | null> {
  try {
    const lines = (await readFile(join(clusterDir, 'postmaster.pid'), 'utf8')).split('\n')
    const pid = Number(lines[0])
    return Number.isInteger(pid) && pid > 0 ? { pid, port: Number(lines[3]) } : null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** The server that runs on the cluster, if one does. */
async function findRunning(clusterDir: string): Promise<Running | null> {
  const noted = await readPidFile(clusterDir)
  return noted && isAlive(noted.pid) && isPostgres(noted.pid) ? noted : null
}

async function until(limitMs: number, done: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + limitMs
  while (Date.now() < end) {
    if (await done()) return true
    await sleep(40)
  }
  return false
}

async function reuse(cluster: Cluster): Promise<Running | null> {
  const { clusterDir } = cluster.runner
  // A server whose parent was killed a moment ago may be ending right now.
  let found: Running | null = null
  const settled = await until(START_TIMEOUT_MS, async () => {
    found = await findRunning(clusterDir)
    return found ? answers(cluster.url('postgres', found.port)) : !isWorkedIn(clusterDir)
  })
  if (settled) {
    // PostgreSQL would take a zombie or another program that has the old number now for a server.
    const noted = await readPidFile(clusterDir)
    if (!found && noted && isTaken(noted.pid))
      await rm(join(clusterDir, 'postmaster.pid'), { force: true })
    return found
  }
  const text = 'A PostgreSQL server runs on this data folder but does not answer: stop it first.'
  throw new StartError('postgres_failed', text)
}

async function choosePort(file: string, wanted: number): Promise<number> {
  if (wanted > 0) {
    if (await isPortFree(wanted)) return wanted
    throw new StartError('port_in_use', `Port ${wanted} for PostgreSQL is already in use.`)
  }
  const before = existsSync(file) ? Number(await readFile(file, 'utf8')) : 0
  const port = before > 0 && (await isPortFree(before)) ? before : await freePort()
  await writeFile(file, String(port))
  return port
}

function stopper(pid: number) {
  return async () => {
    try {
      // SIGINT is PostgreSQL's fast stop: it ends sessions and writes a checkpoint.
      process.kill(pid, 'SIGINT')
    } catch {
      return
    }
    if (await until(STOP_TIMEOUT_MS, async () => !isAlive(pid))) return
    try {
      process.kill(pid, 'SIGQUIT')
    } catch {
      // It ended after all.
    }
    await until(STOP_TIMEOUT_MS, async () => !isAlive(pid))
  }
}

async function launch(
  cluster: Cluster,
  port: number,
  o: EmbeddedOptions,
): Promise<{ pid: number; failed: Promise<never> }> {
  const settings: Record<string, string> = {
    ...SETTINGS,
    port: String(port),
    unix_socket_directories: '',
    ...(o.fsync === false && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawnProgram(cluster.runner, 'postgres', [
    '-D',
    cluster.runner.clusterDir,
    ...flags,
  ])
  let tail = ''
  const note = (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-4000)
    o.log?.debug({ postgres: chunk.toString('utf8').trim() }, 'postgres')
  }
  child.stdout?.on('data', note)
  child.stderr?.on('data', note)
  let ended = false
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) =>
      reject(new StartError('postgres_failed', 'PostgreSQL could not be started.', cause)),
    )
    child.once('close', (code) => {
      ended = true
      const last = tail.trim().split('\n').at(-1) ?? ''
      reject(new StartError('postgres_failed', `PostgreSQL ended (${code ?? 'killed'}): ${last}`))
    })
  })
  failed.catch(() => {})
  const url = cluster.url('postgres', port)
  const up = await Promise.race([
    failed,
    until(START_TIMEOUT_MS, async () => ended || answers(url)),
  ])
  if (!up) throw new StartError('postgres_failed', 'PostgreSQL did not answer within a minute.')
  // With `unshare -U` the child is the server itself, because unshare replaces itself.
  const running = await findRunning(cluster.runner.clusterDir)
  return { pid: running?.pid ?? child.pid ?? 0, failed }
}

async function majorOf(runner: Runner): Promise<string> {
  const child = spawnProgram(runner, 'postgres', ['--version'])
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const major = /\b(\d+)(?:\.\d+|beta|rc)/.exec(output)?.[1]
  if (!major)
    throw new StartError('postgres_failed', `PostgreSQL's programs do not run: ${output.trim()}`)
  return major
}

/**
 * Starts the PostgreSQL that npm ships, or takes up one that runs on this folder already. It
 * listens on 127.0.0.1 only, with a random password, and is stopped with `await using`.
 */
export async function startEmbeddedPostgres(o: EmbeddedOptions): Promise<EmbeddedPostgres> {
  await mkdir(o.dataDir, { recursive: true, mode: 0o700 })
  const passwordFile = join(o.dataDir, 'password')
  const password = await readOrMakePassword(passwordFile)
  const runner = chooseRunner(findBinaries(), o.dataDir)
  const cluster: Cluster = {
    runner,
    password,
    url: (database, port) => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`,
  }
  const [major] = await Promise.all([majorOf(runner), initialise(cluster, passwordFile, o)])
  await checkVersion(runner.clusterDir, major)
  const running = await reuse(cluster)
  if (running) {
    const stop = stopper(running.pid)
    return {
      url: (database) => cluster.url(database, running.port),
      route: runner.route,
      reused: true,
      failed: watchForeign(running.pid),
      [Symbol.asyncDispose]: stop,
    }
  }
  const port = await choosePort(join(o.dataDir, 'port'), o.port ?? 0)
  const { pid, failed } = await launch(cluster, port, o)
  const stop = stopper(pid)
  return {
    url: (database) => cluster.url(database, port),
    route: runner.route,
    reused: false,
    failed,
    [Symbol.asyncDispose]: stop,
  }
}

/** For a server that is not our child: looks once a second whether it still lives. */
function watchForeign(pid: number): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    const timer = setInterval(() => {
      if (isAlive(pid)) return
      clearInterval(timer)
      reject(new StartError('postgres_failed', 'PostgreSQL ended.'))
    }, 1000)
    timer.unref()
  })
  failed.catch(() => {})
  return failed
}
