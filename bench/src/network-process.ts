import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isPortFree } from '@pubky/server-kit/ports'
import { DEFAULT_PORTS, type PortName, type Ports, type ServiceName } from '@pubky/stack'

export const REPOSITORY = join(import.meta.dirname, '..', '..')
const READY_TIMEOUT_MS = 180_000

/** `npm start` as another process, on ports of its own. */
export interface NetworkProcess {
  readonly ports: Ports
  readonly dataDir: string
  /** What it printed. */
  output(): string
  pid(): number
  /** Starts it, again after it ended; resolves to the ms until it was ready. */
  start(): Promise<number>
  /** Ctrl-C; resolves when everything has ended. */
  stop(): Promise<void>
  isRunning(): boolean
  databaseUrl(name: 'homeserver' | 'nexus'): string
  /** Where PostgreSQL keeps its files, once it was started. */
  clusterDir(): string
}

/** Below the range from which the system gives ports to connections, so that they stay ours. */
export async function fixedPorts(): Promise<Ports> {
  let port = 12_000 + ((process.pid * 37) % 15_000)
  const ports: Ports = { ...DEFAULT_PORTS }
  for (const name of Object.keys(ports) as PortName[]) {
    do port += 1
    while (!(await isPortFree(port)))
    ports[name] = port
  }
  return ports
}

/** Brings the bundles that `npm start` runs up to date, or builds them as in a new clone. */
export function buildServices(o: { web: boolean; anew?: boolean }): void {
  const built = o.anew ? ['dist/.stamps', 'web/.next'] : []
  for (const path of built) rmSync(join(REPOSITORY, path), { recursive: true, force: true })
  const without = o.web ? [] : ['--without', 'web']
  execFileSync(process.execPath, [join(REPOSITORY, 'scripts/build.mjs'), ...without], {
    stdio: 'inherit',
  })
}

export async function createNetworkProcess(o: {
  dataDir: string
  without?: readonly ServiceName[]
  /** Settings for the services, beside those that they are given anyway. */
  env?: Readonly<Record<string, string>>
}): Promise<NetworkProcess> {
  const { dataDir, without = [], env: settings = {} } = o
  const ports = await fixedPorts()
  const log = createWriteStream(`${dataDir}.log`, { flags: 'a' })
  let output = ''
  let child: ChildProcess | null = null

  const args = [
    join(REPOSITORY, 'dist/start.js'),
    '--empty',
    '--data',
    dataDir,
    ...Object.entries(ports).flatMap(([name, port]) => ['--port', `${name}=${port}`]),
    ...without.flatMap((name) => ['--without', name]),
  ]

  const isRunning = () => child !== null && child.exitCode === null && child.signalCode === null

  async function start(): Promise<number> {
    const sinceMs = performance.now()
    const { INIT_CWD: _, ...env } = process.env
    const running = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, ...settings },
    })
    child = running
    let said = ''
    const ready = new Promise<boolean>((resolve) => {
      const take = (chunk: Buffer) => {
        const text = chunk.toString()
        said += text
        output += text
        log.write(text)
        if (said.includes('\nReady.')) resolve(true)
      }
      running.stdout?.on('data', take)
      running.stderr?.on('data', take)
      running.once('exit', () => resolve(false))
    })
    const late = sleep(READY_TIMEOUT_MS, false, { ref: false })
    if (!(await Promise.race([ready, late]))) throw new Error(`the network did not start:\n${said}`)
    return performance.now() - sinceMs
  }

  async function stop(): Promise<void> {
    const running = child
    if (!running || !isRunning()) return
    const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()))
    running.kill('SIGINT')
    await ended
  }

  const postgres = (name: string) => join(dataDir, 'postgres', name)
  const read = (name: string) => readFileSync(postgres(name), 'utf8').trim()

  return {
    ports,
    dataDir,
    output: () => output,
    pid: () => child?.pid ?? 0,
    start,
    stop,
    isRunning,
    databaseUrl: (name) =>
      `postgres://pubky:${read('password')}@127.0.0.1:${ports.postgres}/pubky_${name}`,
    // As root and without user namespaces the cluster lies where another user may enter.
    clusterDir: () =>
      existsSync(postgres('cluster-elsewhere'))
        ? join(read('cluster-elsewhere'), 'cluster')
        : postgres('cluster'),
  }
}
