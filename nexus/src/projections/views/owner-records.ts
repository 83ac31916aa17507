import { isDeepStrictEqual } from 'node:util'
import type { HomeEntry, PurgeEntry } from '@pubky/indexer'
import { bytesOfKey, keyOfBytes } from '@pubky/indexer/rows'
import {
  KEYS_FOLDER,
  type KeyRule,
  type Micros,
  type PublicKeyZ32,
  type StoragePath,
} from '@pubky/protocol'
import type { ObjectState } from '../../objects/fold.ts'
import {
  type HomeRecordEntry,
  type HomeTimeline,
  homeTimeline,
  mirroredPolicy,
} from '../../objects/home-timeline.ts'
import {
  type KeyRules,
  mirror,
  NO_RULES,
  type Place,
  type RuleInForce,
  ruleOf,
} from '../../objects/key-rules.ts'
import { rowsOf, type Tx } from './sql.ts'

/** Owners that are remembered between batches. */
const MAX_OWNERS = 50_000

interface Records {
  homes: HomeRecordEntry[]
  timeline: HomeTimeline
  rules: Map<string, RuleInForce>
  purges: { path: StoragePath | null; position: bigint }[]
}

const LOAD = `select owner, kind, host, record_micros, received_at_ms, path, position, body from journal
  where owner = any($1::bytea[]) and path is null and kind in (2, 3) and position <= $2
  order by position`
const PURGES = `select owner, kind, host, record_micros, received_at_ms, path, position, body from journal
  where owner = any($1::bytea[]) and kind = 3 and path is not null and position <= $2
  order by position`

const RULES = `select owner, path, doc->'rule' as rule, doc->'seen' as seen from objects
  where owner = any($1::text[]) and path >= '${KEYS_FOLDER}' and path < '${KEYS_FOLDER.slice(0, -1)}0'
    and not deleted and jsonb_typeof(doc->'rule') = 'object'`

interface RuleRow {
  owner: PublicKeyZ32
  path: StoragePath
  rule: KeyRule
  seen: Place
}

interface Row {
  owner: Buffer
  kind: number
  host: Buffer | null
  record_micros: string | null
  received_at_ms: string
  path: StoragePath | null
  position: string
  body: Buffer | null
}

/**
 * What the journal says about owners as such up to a position: their homes, and what was purged.
 * Kept between batches, as long as no other process has applied any.
 */
export function createOwnerRecords() {
  const known = new Map<PublicKeyZ32, Records>()
  let position = -1n

  /** Makes sure that these owners are known as of `at`, the last position that was applied. */
  async function load(tx: Tx, owners: Iterable<PublicKeyZ32>, at: bigint): Promise<void> {
    if (at !== position || known.size > MAX_OWNERS) known.clear()
    position = at
    const missing = [...new Set(owners)].filter((owner) => !known.has(owner))
    if (missing.length === 0) return
    for (const owner of missing)
      known.set(owner, { homes: [], timeline: homeTimeline([]), rules: new Map(), purges: [] })
    const keys = missing.map(bytesOfKey)
    const [rows, rules] = await Promise.all([
      rowsOf<Row>(tx, 'owner_records', LOAD, [keys, at]),
      rowsOf<RuleRow>(tx, 'owner_rules', RULES, [missing]),
    ])
    for (const row of rows) take(row)
    for (const { owner, path, rule, seen } of rules)
      known.get(owner)?.rules.set(path, { ...rule, seen })
    for (const owner of missing) refresh(owner)
  }

  function take(row: Row): void {
    const records = known.get(keyOfBytes(row.owner))
    if (row.kind === 3) {
      records?.purges.push({ path: row.path, position: BigInt(row.position) })
      return
    }
    records?.homes.push({
      host: row.host && keyOfBytes(row.host),
      recordMicros: BigInt(row.record_micros ?? 0) as Micros,
      receivedAtMs: Number(row.received_at_ms),
      policy: row.body,
    })
  }

  /** True when the newest record mirrors another policy than the last one. */
  function refresh(owner: PublicKeyZ32): boolean {
    const records = known.get(owner)
    if (records) records.timeline = homeTimeline(records.homes)
    return records ? mirror(records.rules, mirroredPolicy(records.homes)) : false
  }

  function timelineOf(owner: PublicKeyZ32): HomeTimeline {
    return known.get(owner)?.timeline ?? homeTimeline([])
  }

  function rulesOf(owner: PublicKeyZ32): KeyRules {
    return known.get(owner)?.rules ?? NO_RULES
  }

  /** Takes what a key object says now. True when it says something else than before. */
  function setRule(owner: PublicKeyZ32, path: StoragePath, state: ObjectState | null): boolean {
    const rules = known.get(owner)?.rules
    const rule = ruleOf(state)
    if (!rules || isDeepStrictEqual(rules.get(path) ?? null, rule)) return false
    if (rule) rules.set(path, rule)
    else rules.delete(path)
    return true
  }

  /** True when its record mirrors another policy than before. */
  function addHome(entry: HomeEntry): boolean {
    known.get(entry.owner)?.homes.push(entry)
    return refresh(entry.owner)
  }

  function addPurge({ owner, path, position: at }: PurgeEntry): void {
    const records = known.get(owner)
    records?.purges.push({ path, position: at })
    if (!records || path !== null) return
    // The journal has it no longer.
    records.homes = records.homes.map((home) => ({ ...home, policy: null }))
    refresh(owner)
  }

  /** The last purge of this path; -1 when it was never purged. */
  function purgedAt(owner: PublicKeyZ32, path: StoragePath): bigint {
    let last = -1n
    for (const purge of known.get(owner)?.purges ?? [])
      if ((purge.path === null || purge.path === path) && purge.position > last)
        last = purge.position
    return last
  }

  /** Purges of single paths are few and looked up only where a history is read again. */
  async function loadPurges(tx: Tx, owner: PublicKeyZ32, at: bigint): Promise<void> {
    const records = known.get(owner)
    if (!records) return
    records.purges = records.purges.filter(({ path }) => path === null)
    for (const row of await rowsOf<Row>(tx, 'owner_purges', PURGES, [[bytesOfKey(owner)], at]))
      take(row)
  }

  return {
    load,
    loadPurges,
    timelineOf,
    rulesOf,
    setRule,
    addHome,
    addPurge,
    purgedAt,
    /** The batch that ended at `at` was committed. */
    commit(at: bigint): void {
      position = at
    },
    forget(): void {
      known.clear()
      position = -1n
    },
  }
}

export type OwnerRecords = ReturnType<typeof createOwnerRecords>
