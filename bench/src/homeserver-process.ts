import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { keypairFromSeed, type PublicKeyZ32, toHex } from '@pubky/protocol'
import { createPool, ensureDatabase, startEmbeddedPostgres, type Teardown } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { REPOSITORY } from './network-process.ts'
import { processMemory, processorSeconds } from './processes.ts'

const PROCESS = join(REPOSITORY, 'homeserver/src/testing/process.ts')
/** What the logger calls errors and fatal errors. */
const ERROR_LEVEL = 50

/** A homeserver in a process of its own, whose record nobody needs. */
export interface HomeserverProcess {
  port: number
  adminPort: number
  publicKey: PublicKeyZ32
  databaseUrl: string
  pool: Pool
  /** Errors that it logged so far, and its end when it ended. */
  complaints: readonly string[]
  memoryMiB(): number
  /** Event streams that it holds open. */
  openStreams(): Promise<number>
  /** Of the processor, so far. */
  processorSeconds(): number
}

type Urls = Record<'http' | 'admin' | 'metrics', string>

async function urlsOf(child: ChildProcess): Promise<Urls> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [{ ready?: Urls; failed?: string }]
    if (message.failed) throw new Error(message.failed)
    if (message.ready) return message.ready
  }
}

function watchLog(child: ChildProcess, complaints: string[]): void {
  let rest = ''
  const take = (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const level = Number(/"level":(\d+)/.exec(line)?.[1] ?? ERROR_LEVEL)
      if (line.trim() !== '' && level >= ERROR_LEVEL) complaints.push(line.slice(0, 2000))
    }
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
}

export async function startHomeserverProcess(
  teardown: Teardown,
  o: { dir: string; seed: Uint8Array; fsync?: boolean; quotaMb?: number | null },
): Promise<HomeserverProcess> {
  const { dir, seed, fsync = false, quotaMb = 200 } = o
  const cluster = { dataDir: join(dir, 'postgres'), fsync }
  const postgres = teardown.use(await startEmbeddedPostgres(cluster))
  const databaseUrl = await ensureDatabase(postgres.url('postgres'), 'homeserver')
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), PROCESS], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      DATABASE_URL: databaseUrl,
      DATA_DIR: join(dir, 'homeserver'),
      SECRET_SEED: toHex(seed),
      METRICS_PORT: '0',
      // As `npm start` has it.
      UV_THREADPOOL_SIZE: '16',
      ...(quotaMb !== null && { DEFAULT_QUOTA_MB: String(quotaMb) }),
    },
  })
  const complaints: string[] = []
  watchLog(child, complaints)
  let isStopping = false
  child.once('exit', (code, signal) => {
    if (!isStopping) complaints.push(`the homeserver ended: ${signal ?? code}`)
  })
  teardown.add(async () => {
    isStopping = true
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  })
  const urls = await urlsOf(child)
  const pool = createPool(databaseUrl, { max: 2 })
  teardown.add(() => pool.end())
  return {
    port: Number(new URL(urls.http).port),
    adminPort: Number(new URL(urls.admin).port),
    publicKey: keypairFromSeed(seed).publicKey,
    databaseUrl,
    pool,
    complaints,
    memoryMiB: () => processMemory(child.pid ?? 0),
    async openStreams() {
      const text = await (await fetch(`${urls.metrics}/metrics`)).text()
      return Number(/^event_stream_active_connections\S* (\d+)/m.exec(text)?.[1])
    },
    processorSeconds: () => processorSeconds(child.pid ?? 0),
  }
}
