import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import type { Directory } from './directory.ts'
import type { WatcherLog } from './follow-host.ts'
import type { Journal } from './journal.ts'
import { bytesOfKey, keyOfBytes } from './rows.ts'
import { createWaker } from './waker.ts'

const AT_ONCE = 16
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

/** Reads people's records: soon after they were first seen, and again from time to time. */
export function createHomeChecks(deps: HomeCheckDeps) {
  const { pool, journal, directory } = deps
  const waker = createWaker()

  async function claim(): Promise<{ owner: PublicKeyZ32; failures: number }[]> {
    const { rows } = await pool.query<{ owner: Buffer; failures: number }>(
      `update home_checks set next_check_at = now() + $2 * interval '1 ms'
       where owner in (
         select owner from home_checks where next_check_at <= now()
         order by next_check_at limit $1 for update skip locked
       ) returning owner, failures`,
      [AT_ONCE, CLAIM_MS],
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

  async function checkDue(
    { owner, failures }: { owner: PublicKeyZ32; failures: number },
    signal: AbortSignal,
  ): Promise<void> {
    let host: PublicKeyZ32 | null = null
    try {
      host = await check(owner, signal)
    } catch (error) {
      if (signal.aborted) return
      deps.log.info({ owner, err: error }, 'a record could not be read')
    }
    const wait = RETRY_FIRST_MS * 2 ** Math.min(failures, 20)
    await (host
      ? schedule(owner, deps.refreshMs * (0.9 + Math.random() * 0.2), 0)
      : schedule(owner, Math.min(wait, RETRY_MAX_MS), failures + 1))
  }

  async function run(signal: AbortSignal): Promise<void> {
    for await (const _ of waker.wakes(signal)) {
      for (;;) {
        const due = await claim()
        await Promise.all(due.map((one) => checkDue(one, signal)))
        if (due.length < AT_ONCE || signal.aborted) break
      }
    }
  }

  /** Reads the record of a person now. */
  async function ingest(owner: PublicKeyZ32): Promise<HomeOutcome> {
    const { rows } = await pool.query<{ host: Buffer | null }>(
      'select host from homes where owner = $1 order by epoch desc limit 1',
      [bytesOfKey(owner)],
    )
    const before = rows[0]?.host
    const host = await check(owner)
    await schedule(owner, host ? deps.refreshMs : RETRY_FIRST_MS, host ? 0 : 1)
    if (!host) return 'no_homeserver'
    return before && keyOfBytes(before) === host ? 'known' : 'ingested'
  }

  return { run, ingest, wake: () => waker.wake() }
}
