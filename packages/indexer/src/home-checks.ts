import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import { pause } from './backoff.ts'
import type { Directory } from './directory.ts'
import type { WatcherLog } from './follow-host.ts'
import type { Journal } from './journal.ts'
import { bytesOfKey, keyOfBytes } from './rows.ts'
import { createWaker } from './waker.ts'

const KNOWN = 'exists (select from homes where homes.owner = home_checks.owner)'

/**
 * Who is asked about side by side. Anybody can make up keys: who has a home never waits for those of
 * whom nothing is known, and who is new not for those who were asked about before.
 */
export const LANES = [
  { atOnce: 8, who: KNOWN, order: 'next_check_at' },
  { atOnce: 5, who: `failures = 0 and not ${KNOWN}`, order: 'next_check_at' },
  { atOnce: 3, who: `failures > 0 and not ${KNOWN}`, order: 'failures, next_check_at' },
] as const
type Lane = (typeof LANES)[number]

/** So often a stranger is asked about, within about 20 minutes; then forgotten until they are met again. */
const STRANGER_TRIES = 10
/** Whoever was met so lately is not forgotten: the record may be under way. */
const MET_LATELY_MS = 600_000
/** Strangers who wait to be asked about again. Of more, those who were asked about most often are forgotten. */
const MAX_STRANGERS = 10_000
const TRIM_MS = 60_000
const CROWD_LOOK_MS = 1_000
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
  /** Of one host, who wait to be asked about for the first time; it is read on when there are fewer. */
  hostStrangers: number
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
  let trimmedAtMs = Number.NEGATIVE_INFINITY

  async function claim({ who, order }: Lane, max: number): Promise<Due[]> {
    const { rows } = await pool.query<{ owner: Buffer; failures: number }>(
      `update home_checks set next_check_at = now() + $2 * interval '1 ms'
       where owner in (
         select owner from home_checks where next_check_at <= now() and ${who}
         order by ${order} limit $1 for update skip locked
       ) returning owner, failures`,
      [max, CLAIM_MS],
    )
    return rows.map(({ owner, failures }) => ({ owner: keyOfBytes(owner), failures }))
  }

  async function schedule(owner: PublicKeyZ32, inMs: number, failures: number): Promise<void> {
    await pool.query(
      `insert into home_checks (owner, next_check_at, failures)
       values ($1, now() + $2 * interval '1 ms', $3)
       on conflict (owner) do update
         set next_check_at = excluded.next_check_at, failures = excluded.failures`,
      [bytesOfKey(owner), inMs, failures],
    )
  }

  /** False when there is more to be known of the person than that they have no record. */
  async function forget(owner: PublicKeyZ32): Promise<boolean> {
    const { rowCount } = await pool.query(
      `delete from home_checks where owner = $1 and not ${KNOWN} and coalesce((
         select received_at_ms from journal where owner = $1 order by position desc limit 1
       ), 0) < $2`,
      [bytesOfKey(owner), Math.trunc(deps.nowMs() - MET_LATELY_MS)],
    )
    return rowCount === 1
  }

  async function trim(): Promise<void> {
    if (deps.nowMs() - trimmedAtMs < TRIM_MS) return
    trimmedAtMs = deps.nowMs()
    await pool.query(
      `delete from home_checks where owner in (
         select owner from home_checks where failures > 0 and not ${KNOWN}
         order by failures, next_check_at offset $1
       )`,
      [MAX_STRANGERS],
    )
  }

  async function isCrowded(host: PublicKeyZ32): Promise<boolean> {
    const { rows } = await pool.query<{ crowded: boolean }>(
      `select count(*) >= $2 as crowded from (
         select from home_checks
         where next_check_at <= now() and failures = 0 and not ${KNOWN} and exists (
           select from journal j where j.owner = home_checks.owner and j.host = $1
         ) limit $2
       ) strangers`,
      [bytesOfKey(host), deps.hostStrangers],
    )
    return rows[0]?.crowded ?? false
  }

  /** Resolves when there is room for more strangers of the host. */
  async function makeRoom(host: PublicKeyZ32, signal: AbortSignal): Promise<void> {
    if (!(await isCrowded(host))) return
    deps.log.info({ host }, 'a host has named more people than can be asked about')
    do await pause(CROWD_LOOK_MS, signal)
    while (!signal.aborted && (await isCrowded(host)))
    signal.throwIfAborted()
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
      if (!host && failures >= STRANGER_TRIES - 1 && (await forget(owner))) return
    } catch (error) {
      if (signal.aborted) return
      deps.log.info({ owner, err: error }, 'a record could not be read')
    }
    const wait = RETRY_FIRST_MS * 2 ** Math.min(failures, 20)
    await (host
      ? schedule(owner, deps.refreshMs * (0.9 + Math.random() * 0.2), 0)
      : schedule(owner, Math.min(wait, RETRY_MAX_MS), failures + 1))
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
      await trim()
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
    await schedule(owner, deps.refreshMs, 0)
    return before && keyOfBytes(before) === host ? 'known' : 'ingested'
  }

  return { run, ingest, makeRoom, wake: () => waker.wake() }
}
