import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import type { Directory } from './directory.ts'
import type { WatcherLog } from './follow-host.ts'
import type { Journal } from './journal.ts'
import { bytesOfKey, keyOfBytes } from './rows.ts'
import { createWaker } from './waker.ts'

/**
 * Who is asked about side by side. Anybody can make up keys: who has a home never waits for those of
 * whom nothing is known, and who is new not for those who were asked about before.
 */
export const LANES = [
  { atOnce: 16, who: 'known' },
  { atOnce: 16, who: 'not known and failures = 0' },
  { atOnce: 16, who: 'not known and failures > 0' },
] as const
type Lane = (typeof LANES)[number]

/** While a process asks about a record, the others leave it alone for so long. */
const CLAIM_MS = 60_000
const RETRY_FIRST_MS = 2_000
const RETRY_MAX_MS = 3_600_000
const RESOLVE_MS = 20_000

export interface HomeCheckDeps {
  pool: Pool
  journal: Journal
  directory: Directory
  nowMs: () => number
  /** A known record is read again after so many ms. */
  refreshMs: number
  /** Told of every home that was read. */
  onHome: (host: PublicKeyZ32) => Promise<void>
  log: WatcherLog
}

export type HomeOutcome = 'known' | 'ingested' | 'no_homeserver'

interface Due {
  owner: PublicKeyZ32
  failures: number
}

/** Reads people's records: soon after they were first seen, and again from time to time. */
export function createHomeChecks(deps: HomeCheckDeps) {
  const { pool, journal, directory } = deps
  const waker = createWaker()

  async function claim({ who }: Lane, max: number): Promise<Due[]> {
    const { rows } = await pool.query<{ owner: Buffer; failures: number }>(
      `update home_checks set next_check_at = now() + $2 * interval '1 ms'
       where owner in (
         select owner from home_checks where next_check_at <= now() and ${who}
         order by next_check_at limit $1 for update skip locked
       ) returning owner, failures`,
      [max, CLAIM_MS],
    )
    return rows.map(({ owner, failures }) => ({ owner: keyOfBytes(owner), failures }))
  }

  async function schedule(
    owner: PublicKeyZ32,
    o: { inMs: number; failures: number; known: boolean },
  ): Promise<void> {
    await pool.query(
      `insert into home_checks (owner, next_check_at, failures, known)
       values ($1, now() + $2 * interval '1 ms', $3, $4)
       on conflict (owner) do update set next_check_at = excluded.next_check_at,
         failures = excluded.failures, known = home_checks.known or excluded.known`,
      [bytesOfKey(owner), o.inMs, o.failures, o.known],
    )
  }

  /** Reads a record and appends what is new. Rejects when nobody could be asked. */
  async function check(owner: PublicKeyZ32, signal?: AbortSignal): Promise<PublicKeyZ32 | null> {
    const late = AbortSignal.timeout(RESOLVE_MS)
    const home = await directory.homeOf(owner, {
      signal: signal ? AbortSignal.any([signal, late]) : late,
    })
    if (!home) return null
    await journal.appendHome({
      kind: 'HOME',
      owner,
      host: home.host,
      recordMicros: home.recordMicros,
      policy: home.policy ?? null,
      receivedAtMs: deps.nowMs(),
    })
    if (home.host) await deps.onHome(home.host)
    return home.host
  }

  async function checkDue({ owner, failures }: Due, signal: AbortSignal): Promise<void> {
    let host: PublicKeyZ32 | null = null
    try {
      host = await check(owner, signal)
    } catch (error) {
      if (signal.aborted) return
      deps.log.info({ owner, err: error }, 'a record could not be read')
    }
    const again = Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures, 20), RETRY_MAX_MS)
    const refresh = deps.refreshMs * (0.9 + Math.random() * 0.2)
    await schedule(owner, {
      inMs: host ? refresh : again,
      failures: host ? 0 : failures + 1,
      known: host !== null,
    })
  }

  async function run(lane: Lane, signal: AbortSignal): Promise<void> {
    const running = new Set<Promise<void>>()
    const begin = (one: Due) => {
      const work = checkDue(one, signal)
        .catch((err: unknown) => deps.log.warn({ err }, 'a home was not read'))
        .finally(() => running.delete(work))
      running.add(work)
    }
    for await (const _ of waker.wakes(signal)) {
      while (!signal.aborted) {
        const due = await claim(lane, lane.atOnce - running.size)
        if (signal.aborted) break
        due.forEach(begin)
        if (running.size < lane.atOnce) break
        await Promise.race(running)
      }
    }
    await Promise.all(running)
  }

  /** Reads the record of a person now. Of a key without one nothing is remembered. */
  async function ingest(owner: PublicKeyZ32): Promise<HomeOutcome> {
    const { rows } = await pool.query<{ host: Buffer | null }>(
      'select host from homes where owner = $1 order by epoch desc limit 1',
      [bytesOfKey(owner)],
    )
    const before = rows[0]?.host
    const host = await check(owner)
    if (!host) return 'no_homeserver'
    await schedule(owner, { inMs: deps.refreshMs, failures: 0, known: true })
    return before && keyOfBytes(before) === host ? 'known' : 'ingested'
  }

  return { run, ingest, wake: () => waker.wake() }
}
