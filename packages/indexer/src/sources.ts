import type { EventId, PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { Pool } from 'pg'
import { IndexerError } from './errors.ts'
import { isGone } from './presence.ts'
import { bytesOfKey, KINDS, keyOfBytes } from './rows.ts'

/** After this a process that says nothing any more loses its hosts, in ms. */
export const LEASE_MS = 15_000
const QUARANTINE_FIRST_MS = 5_000
const QUARANTINE_MAX_MS = 3_600_000
/** A host that never answered is forgotten after so many strikes, which take about an hour and a half. */
const MAX_STRIKES_UNMET = 10

/** How far a host was read. */
export interface SourceState {
  /** Added to the host's ids; grows when the host goes back. */
  offset: bigint
  cursor: bigint
  line: string | null
  /** Whether it ever answered as a homeserver does. */
  isMet: boolean
}

/** An entry of the journal as far as it matters to compare it with its host. */
export interface KnownEvent {
  kind: 'PUT' | 'DEL'
  owner: PublicKeyZ32
  path: StoragePath
  eventId: bigint
  hash: Uint8Array | null
}

const IS_MET = `exists (
  select from source_cursors c where c.host = sources.host and c.owner = '\\x'
)`

/**
 * The followed hosts: rows, so that several processes share them. Those of `configured` are never
 * forgotten. Anybody can name hosts that do not exist: what never answered makes way for others.
 */
export function createSources(pool: Pool, configured: readonly PublicKeyZ32[] = []) {
  const kept = configured.map(bytesOfKey)

  /**
   * False when the host was followed already or `max` hosts are followed. Of hosts that were asked
   * and never answered the one that failed most often leaves its row to the new one.
   */
  async function add(host: PublicKeyZ32, max: number): Promise<boolean> {
    const { rowCount } = await pool.query(
      `with forgotten as (
         delete from sources where host in (
           select host from sources
           where strikes > 0 and lease_holder is null and not ${IS_MET} and host <> all ($3)
             and (select count(*) from sources) >= $2
             and not exists (select from sources where host = $1)
           order by strikes desc, added_at limit 1 for update skip locked
         ) returning host
       )
       insert into sources (host) select $1
       where (select count(*) from sources) - (select count(*) from forgotten) < $2
       on conflict do nothing`,
      [bytesOfKey(host), max, kept],
    )
    return (rowCount ?? 0) > 0
  }

  async function list(): Promise<PublicKeyZ32[]> {
    const { rows } = await pool.query<{ host: Buffer }>(
      'select host from sources order by added_at',
    )
    return rows.map((row) => keyOfBytes(row.host))
  }

  /**
   * Takes up to `max` hosts that are not in quarantine and that nobody follows, or somebody who is
   * gone or silent; those first that have answered before, then those that failed least. Of
   * `among` only, when it is given.
   */
  async function lease(
    holder: string,
    max: number,
    among: readonly PublicKeyZ32[] | null = null,
  ): Promise<PublicKeyZ32[]> {
    const { rows } = await pool.query<{ host: Buffer }>(
      `update sources set lease_holder = $1, lease_until = now() + $3 * interval '1 ms'
       where host in (
         select host from sources
         where (lease_until is null or lease_until < now() or ${isGone('lease_holder')})
           and (quarantined_until is null or quarantined_until <= now())
           and ($4::bytea[] is null or host = any ($4))
         order by ${IS_MET} desc, strikes, added_at limit $2 for update skip locked
       ) returning host`,
      [holder, max, LEASE_MS, among?.map(bytesOfKey) ?? null],
    )
    return rows.map((row) => keyOfBytes(row.host))
  }

  /** Those hosts that are still ours. */
  async function renew(holder: string): Promise<PublicKeyZ32[]> {
    const { rows } = await pool.query<{ host: Buffer }>(
      `update sources set lease_until = now() + $2 * interval '1 ms'
       where lease_holder = $1 returning host`,
      [holder, LEASE_MS],
    )
    return rows.map((row) => keyOfBytes(row.host))
  }

  async function release(holder: string, host: PublicKeyZ32): Promise<void> {
    await pool.query(
      `update sources set lease_holder = null, lease_until = null
       where host = $2 and lease_holder = $1`,
      [holder, bytesOfKey(host)],
    )
  }

  /**
   * Puts a host into quarantine, each time for twice as long, up to an hour. One that has never
   * answered is forgotten in the end; who lives there brings it back when their record is read.
   */
  async function strike(host: PublicKeyZ32, reason: string): Promise<void> {
    const { rowCount } = await pool.query(
      `delete from sources
       where host = $1 and strikes >= $2 and not ${IS_MET} and host <> all ($3)`,
      [bytesOfKey(host), MAX_STRIKES_UNMET - 1, kept],
    )
    if (rowCount) return
    await pool.query(
      `update sources set strikes = least(strikes + 1, 20), reason = $2,
         quarantined_until = now() + least($3 * power(2, strikes), $4) * interval '1 ms'
       where host = $1`,
      [bytesOfKey(host), reason, QUARANTINE_FIRST_MS, QUARANTINE_MAX_MS],
    )
  }

  async function forgive(host: PublicKeyZ32): Promise<void> {
    await pool.query(
      `update sources set strikes = 0, reason = null, quarantined_until = null
       where host = $1 and strikes > 0`,
      [bytesOfKey(host)],
    )
  }

  async function state(host: PublicKeyZ32): Promise<SourceState> {
    const { rows } = await pool.query<{
      offset: string
      cursor: string
      line: string | null
      met: boolean
    }>(
      `select s.id_offset as offset, coalesce(c.event_id, 0) as cursor, c.last_line as line,
         c.host is not null as met
       from sources s left join source_cursors c on c.host = s.host and c.owner = '\\x'
       where s.host = $1`,
      [bytesOfKey(host)],
    )
    const [row] = rows
    return {
      offset: BigInt(row?.offset ?? 0),
      cursor: BigInt(row?.cursor ?? 0),
      line: row?.line ?? null,
      isMet: row?.met ?? false,
    }
  }

  /** Remembers that the host has answered. */
  async function meet(host: PublicKeyZ32): Promise<void> {
    await pool.query(
      'insert into source_cursors (host, event_id) values ($1, 0) on conflict do nothing',
      [bytesOfKey(host)],
    )
  }

  /** Whether a host keeps its place while it is away. */
  async function isKept(host: PublicKeyZ32): Promise<boolean> {
    return configured.includes(host) || (await state(host)).isMet
  }

  /** Sets where a host that has gone back is taken up again. Rejects with `lease_lost`. */
  async function rebase(
    host: PublicKeyZ32,
    holder: string,
    to: Omit<SourceState, 'isMet'>,
  ): Promise<void> {
    const { rowCount } = await pool.query(
      `with moved as (
         update sources set id_offset = $3 where host = $1 and lease_holder = $2 returning host
       )
       update source_cursors set event_id = $4, last_line = $5, updated_at = now()
       where host in (select host from moved) and owner = '\\x'`,
      [bytesOfKey(host), holder, to.offset, to.cursor, to.line],
    )
    if (rowCount !== 1) throw new IndexerError('lease_lost', { detail: host })
  }

  /** The last entry of the host with an id above `after` and at most `upTo`, as the journal counts. */
  async function lastBetween(host: PublicKeyZ32, after: bigint, upTo: bigint) {
    const { rows } = await pool.query<KnownRow>(
      `select kind, owner, path, event_id, hash from journal
       where host = $1 and event_id > $2 and event_id <= $3 order by event_id desc limit 1`,
      [bytesOfKey(host), after, upTo],
    )
    return rows[0] ? knownEvent(rows[0]) : null
  }

  /** The highest id of the host in the journal; 0 when there is none. */
  async function lastId(host: PublicKeyZ32): Promise<bigint> {
    const { rows } = await pool.query<{ id: string }>(
      'select coalesce(max(event_id), 0) as id from journal where host = $1',
      [bytesOfKey(host)],
    )
    return BigInt(rows[0]?.id ?? 0)
  }

  /** What the host last said of each object that has entries in (`from`, `to`], by object. */
  async function touched(
    host: PublicKeyZ32,
    range: { from: bigint; to: bigint },
    after: KnownEvent | null,
    limit: number,
  ): Promise<KnownEvent[]> {
    const { rows } = await pool.query<KnownRow>(
      `select distinct on (owner, path) kind, owner, path, event_id, hash from journal
       where host = $1 and event_id > $2 and event_id <= $3
         and ($4::bytea is null or (owner, path) > ($4, $5::text collate "C"))
       order by owner, path, event_id desc limit $6`,
      [
        bytesOfKey(host),
        range.from,
        range.to,
        after && bytesOfKey(after.owner),
        after?.path ?? null,
        limit,
      ],
    )
    return rows.map(knownEvent)
  }

  return {
    add,
    list,
    lease,
    renew,
    release,
    strike,
    forgive,
    state,
    meet,
    isKept,
    rebase,
    lastBetween,
    lastId,
    touched,
  }
}

export type Sources = ReturnType<typeof createSources>

interface KnownRow {
  kind: number
  owner: Buffer
  path: StoragePath
  event_id: EventId
  hash: Buffer | null
}

function knownEvent(row: KnownRow): KnownEvent {
  return {
    kind: KINDS[row.kind] === 'DEL' ? 'DEL' : 'PUT',
    owner: keyOfBytes(row.owner),
    path: row.path,
    eventId: BigInt(row.event_id),
    hash: row.hash,
  }
}
