import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nowMicros, type SignedPacket, toHex, toMicros } from '@pubky/protocol'
import type { PkarrClient } from '@pubky/sdk'
import type { HomeserverConfig } from '../config.ts'
import { type HomeserverDeps, type RunningHomeserver, startHomeserver } from '../start.ts'
import { type Caller, createCaller } from './http.ts'

export const MIGRATIONS = join(import.meta.dirname, '../../../prisma/homeserver/migrations')

export interface TestServer extends AsyncDisposable {
  running: RunningHomeserver
  call: Caller
  admin: Caller
  dataDir: string
  published: SignedPacket[]
  /** Moves the server's clock by so many seconds; where it stands still, nothing else does. */
  travel(seconds: number): void
  now(): bigint
}

export interface TestServerOptions {
  config?: Partial<HomeserverConfig>
  deps?: Partial<HomeserverDeps>
  /** Whether its clock stands: how long requests take must not matter to what is shown. */
  isStill?: boolean
}

/** A homeserver on free ports over the given database; what it publishes is kept. */
export async function startTestServer(
  databaseUrl: string,
  o: TestServerOptions = {},
): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pubky-homeserver-'))
  const published: SignedPacket[] = []
  const pkarr: PkarrClient = {
    resolve: async (key) => published.findLast((packet) => packet.publicKey === key) ?? null,
    async publish(packet) {
      published.push(packet)
      return { stored: 1 }
    },
  }
  let offset = 0n
  const startedAt = nowMicros()
  const clock = () => toMicros((o.isStill ? startedAt : nowMicros()) + offset)
  const running = await startHomeserver(
    {
      databaseUrl,
      dataDir,
      secretSeed: toHex(randomBytes(32)),
      port: 0,
      adminPort: 0,
      signupMode: 'open',
      ...o.config,
    },
    { pkarr, clock, ...o.deps },
  )
  const call = createCaller(running.urls.http)
  const admin = createCaller(running.urls.admin)
  return {
    running,
    call,
    admin,
    dataDir,
    published,
    travel(seconds) {
      offset += BigInt(seconds) * 1_000_000n
    },
    now: clock,
    async [Symbol.asyncDispose]() {
      await call[Symbol.asyncDispose]()
      await admin[Symbol.asyncDispose]()
      await running.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
