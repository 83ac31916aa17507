import { setTimeout as sleep } from 'node:timers/promises'
import {
  homeserverOf,
  homeserverRecords,
  type Keypair,
  publicKeyFromBytes,
  signerFromKeypair,
  signPacket,
} from '@pubky/protocol'
import type { PkarrClient } from '@pubky/sdk'
import type { FindExternalIp, Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { HomeserverConfig } from '../config.ts'
import type { PublishHealth } from './health.ts'

const FIRST_ROUND_MS = 60_000
const MIN_INTERVAL_SECONDS = 1800
const WORKERS = 12
const TRIES = 4
const BACKOFF_MS = 200
const MAX_BACKOFF_MS = 5000
const PAGE = 1000
const FIRST_RETRY_MS = 2000
const LAST_RETRY_MS = 300_000
/** How often a changing address is asked for. */
const ADDRESS_MS = 300_000

export interface PublisherOptions {
  config: HomeserverConfig
  keypair: Keypair
  httpPort: number
  pkarr: PkarrClient
  pool: Pool
  log: Logger
  health: PublishHealth
  /** Asked when the address is to be found out. */
  externalIp: FindExternalIp
  addressMs?: number
}

function publicIpOf({ config, externalIp }: PublisherOptions): Promise<string> | string {
  return config.publicIp === 'auto' ? externalIp('ipv4') : config.publicIp
}

/** Publishes the server's own record (spec/homeserver.md 8.3). Rejects when nobody stored it. */
export async function publishOwnRecord(o: PublisherOptions): Promise<void> {
  const { config, keypair, httpPort, pkarr } = o
  try {
    const publicIp = await publicIpOf(o)
    const records = homeserverRecords(keypair.publicKey, {
      publicIp,
      tlsPort: config.publicTlsPort,
      icannDomain: config.icannDomain,
      httpPort: config.publicHttpPort || httpPort,
    })
    o.health.publicIp = publicIp
    await pkarr.publish(await signPacket(signerFromKeypair(keypair), records))
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    Object.assign(o.health.own, { lastFailureMs: Date.now(), failure })
    throw error
  }
  o.health.own.lastMs = Date.now()
}

async function announce(o: PublisherOptions, key: Buffer): Promise<'published' | 'skipped'> {
  const user = publicKeyFromBytes(key)
  const packet = await o.pkarr.resolve(user, { policy: 'network-only' })
  if (!packet || homeserverOf(packet) !== o.keypair.publicKey) return 'skipped'
  // Unchanged: the owner's signature is all there is.
  await o.pkarr.publish(packet)
  return 'published'
}

async function announceWithRetries(o: PublisherOptions, key: Buffer, signal: AbortSignal) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await announce(o, key)
    } catch (error) {
      if (attempt === TRIES) {
        o.log.warn({ error }, 'a record could not be announced')
        return 'failed'
      }
      const pause =
        Math.min(BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS) * (0.5 + Math.random() / 2)
      await sleep(pause, undefined, { signal })
    }
  }
}

async function* allUsers(pool: Pool): AsyncGenerator<Buffer> {
  for (let after = '0'; ; ) {
    const { rows } = await pool.query<{ id: string; key: Buffer }>(
      'select id, key from users where id > $1 order by id limit $2',
      [after, PAGE],
    )
    for (const row of rows) yield row.key
    const last = rows.at(-1)
    if (!last) return
    after = last.id
  }
}

/** Announces the records of all users who live here once more, twelve at a time. */
export async function announceUsers(o: PublisherOptions, signal: AbortSignal): Promise<void> {
  const users = allUsers(o.pool)
  const counts: Record<string, number> = {}
  o.health.users = { startedMs: Date.now(), endedMs: null, counts }
  const worker = async () => {
    for await (const key of users) {
      signal.throwIfAborted()
      const result = await announceWithRetries(o, key, signal)
      counts[result] = (counts[result] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, worker))
  o.health.users.endedMs = Date.now()
  o.log.info(counts, 'records of users announced')
}

async function every(
  o: { firstMs: number; intervalMs: number; signal: AbortSignal; log: Logger; what: string },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await sleep(o.firstMs, undefined, { signal: o.signal })
    for (;;) {
      try {
        await work()
      } catch (error) {
        if (!o.signal.aborted) o.log.warn({ error }, `${o.what} failed`)
      }
      await sleep(o.intervalMs, undefined, { signal: o.signal })
    }
  } catch (error) {
    if (!o.signal.aborted) throw error
  }
}

/** Publishes the own record in time, after a failure sooner, and at once when its address has changed. */
async function keepOwnPublished(o: PublisherOptions, signal: AbortSignal): Promise<void> {
  const intervalMs = o.config.republishIntervalSeconds * 1000
  const lookMs = o.config.publicIp === 'auto' ? (o.addressMs ?? ADDRESS_MS) : intervalMs
  const own = o.health.own
  let retryMs = FIRST_RETRY_MS
  let dueMs = Date.now() + (own.lastMs === null ? retryMs : intervalMs)
  while (!signal.aborted) {
    const pauseMs = Math.max(0, Math.min(lookMs, dueMs - Date.now()))
    await sleep(pauseMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    try {
      if (Date.now() < dueMs && (await publicIpOf(o)) === o.health.publicIp) continue
      await publishOwnRecord(o)
      retryMs = FIRST_RETRY_MS
      dueMs = Date.now() + intervalMs
    } catch (error) {
      o.log.warn({ error }, 'publishing the record failed')
      dueMs = Date.now() + retryMs
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
    }
  }
}

/** Keeps the own record and those of the users alive until `signal`. */
export function keepPublished(o: PublisherOptions, signal: AbortSignal): Promise<unknown> {
  const jobs = [keepOwnPublished(o, signal)]
  if (o.config.userRepublishIntervalSeconds > 0) {
    const intervalMs = Math.max(o.config.userRepublishIntervalSeconds, MIN_INTERVAL_SECONDS) * 1000
    const task = {
      firstMs: FIRST_ROUND_MS,
      intervalMs,
      signal,
      log: o.log,
      what: 'announcing records',
    }
    jobs.push(every(task, () => announceUsers(o, signal)))
  }
  return Promise.all(jobs)
}
