import type { JournalEntry, ObjectEntry } from '@pubky/indexer'
import {
  bytesOfKey,
  entryOfRow,
  JOURNAL_COLUMNS,
  type JournalRow,
  keyOfBytes,
} from '@pubky/indexer/rows'
import { KEYS_FOLDER, type PublicKeyZ32, type StoragePath } from '@pubky/protocol'
import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import { foldEntry, isAfter, type ObjectState } from '../../objects/fold.ts'
import { type HomeTimeline, homeTimeline } from '../../objects/home-timeline.ts'
import { type Judged, judge } from '../../objects/judge.ts'
import {
  decidesStatements,
  type KeyRules,
  NO_RULES,
  type RuleInForce,
  ruleOf,
} from '../../objects/key-rules.ts'
import { kindOfPath } from '../../objects/kind-of-path.ts'
import { replayPath } from '../../objects/replay-path.ts'

const MAX_KNOWN_STATES = 20_000
const ROWS_AT_ONCE = 200

export interface ObjectKey {
  owner: PublicKeyZ32
  path: StoragePath
}

/** What an object is now; null when nothing was ever said of it that counts. */
export interface ObjectChange extends ObjectKey {
  state: ObjectState | null
}

interface Known {
  state: ObjectState | null
  position: bigint
}

/**
 * The states of objects at a position, computed from the journal alone. The last ones are kept, so
 * that an object that changes often is not read from its beginning each time.
 */
export function createObjectStates(pool: Pool) {
  const known = new LRUCache<string, Known>({ max: MAX_KNOWN_STATES })

  /**
   * The objects that these entries may change. A home or a purge concerns everything of its owner, a
   * revocation everything that other keys signed.
   */
  async function touchedBy(entries: readonly JournalEntry[]): Promise<ObjectKey[]> {
    const keys = new Map<string, ObjectKey>()
    const whole = new Set<PublicKeyZ32>()
    const judges = new Set<PublicKeyZ32>()
    for (const entry of entries) {
      if (entry.kind === 'HOME' || entry.kind === 'PURGE') whole.add(entry.owner)
      else keys.set(nameOf(entry), { owner: entry.owner, path: entry.path })
      if ('path' in entry && entry.path && decidesStatements(entry.path)) judges.add(entry.owner)
    }
    if (whole.size + judges.size > 0) {
      const { rows } = await pool.query<{ owner: Buffer; path: StoragePath }>(
        `select distinct owner, path from journal
         where kind in (0, 1) and position <= $3
           and (owner = any($1) or owner = any($2) and substring(proof from 3 for 32) <> owner)`,
        [[...whole].map(bytesOfKey), [...judges].map(bytesOfKey), entries.at(-1)?.position ?? 0n],
      )
      for (const row of rows) {
        const key = { owner: keyOfBytes(row.owner), path: row.path }
        keys.set(nameOf(key), key)
        // Which entries count may have changed, not only which came last.
        known.delete(nameOf(key))
      }
    }
    return [...keys.values()].filter((key) => kindOfPath(key.path) !== null)
  }

  /** The states of these objects after all entries up to a position. */
  async function at(
    keys: readonly ObjectKey[],
    position: bigint,
    given: readonly JournalEntry[] = [],
  ): Promise<ObjectChange[]> {
    const inHand = new Map(given.map((entry) => [String(entry.position), entry]))
    const owners = await readOwners([...new Set(keys.map((key) => key.owner))], position)
    const seen = keys.filter((key) => known.has(nameOf(key)))
    const news = grouped(await readAfter(seen, position, known, inHand))
    for (const [name, history] of news) {
      const last = known.get(name)?.state ?? null
      // What comes in between of what was folded already is folded anew.
      if (!history.every((judged) => comesAfter(last, judged, owners.timeline(judged.entry.owner))))
        known.delete(name)
    }
    const all = await readRules(owners, position)
    const fresh = keys.filter((key) => !known.has(nameOf(key)))
    const whole = grouped(await readAfter(fresh, position, null, inHand))
    return keys.map((key) => {
      const name = nameOf(key)
      const timeline = owners.timeline(key.owner)
      const rules = all.get(key.owner) ?? NO_RULES
      const last = known.get(name)
      const history = (last ? news : whole).get(name) ?? []
      const state = last
        ? goOn(last.state, history, timeline, rules)
        : replayPath(history, timeline, owners.purgedAt(key), rules)
      return { ...key, state }
    })
  }

  /** What these entries change. */
  async function changes(entries: readonly JournalEntry[]): Promise<ObjectChange[]> {
    return at(await touchedBy(entries), entries.at(-1)?.position ?? 0n, entries)
  }

  /** Call it when the effect of the changes is committed. */
  function remember(done: readonly ObjectChange[], position: bigint): void {
    for (const change of done) known.set(nameOf(change), { state: change.state, position })
  }

  function forget(): void {
    known.clear()
  }

  /** Entries of these objects, judged, without the bytes of their bodies. */
  async function readAfter(
    keys: readonly ObjectKey[],
    position: bigint,
    after: LRUCache<string, Known> | null,
    inHand: ReadonlyMap<string, JournalEntry>,
  ): Promise<Judged[]> {
    if (keys.length === 0) return []
    const all: Judged[] = []
    const from = keys.map((key) => after?.get(nameOf(key))?.position ?? 0n)
    let last = 0n
    for (;;) {
      const { rows } = await pool.query<JournalRow>(
        `select ${JOURNAL_COLUMNS.replace(/(\w+)/g, 'j.$1')}
         from unnest($1::bytea[], $2::text[], $3::bigint[]) as k (owner, path, since)
         join journal j on j.owner = k.owner and j.path = k.path
         where j.position > greatest(k.since, $4) and j.position <= $5 and j.kind in (0, 1)
         order by j.position limit ${ROWS_AT_ONCE}`,
        [
          keys.map((key) => bytesOfKey(key.owner)),
          keys.map((key) => key.path),
          from,
          last,
          position,
        ],
      )
      for (const row of rows) {
        const entry = inHand.get(row.position) ?? entryOfRow(row)
        if (entry.kind === 'PUT' || entry.kind === 'DEL') all.push(withoutBytes(await judge(entry)))
      }
      if (rows.length < ROWS_AT_ONCE) return all
      last = BigInt(rows.at(-1)?.position ?? 0)
    }
  }

  async function readOwners(owners: readonly PublicKeyZ32[], position: bigint): Promise<Owners> {
    const { rows } = await pool.query<JournalRow>(
      `select ${JOURNAL_COLUMNS} from journal
       where owner = any($1) and kind in (2, 3) and position <= $2 order by position`,
      [owners.map(bytesOfKey), position],
    )
    const entries = rows.map(entryOfRow)
    const byOwner = new Map<PublicKeyZ32, JournalEntry[]>()
    for (const entry of entries)
      byOwner.set(entry.owner, [...(byOwner.get(entry.owner) ?? []), entry])
    const timelines = new Map<PublicKeyZ32, HomeTimeline>()
    for (const owner of owners) {
      const homes = (byOwner.get(owner) ?? []).filter((entry) => entry.kind === 'HOME')
      timelines.set(owner, homeTimeline(homes))
    }
    const nowhere = homeTimeline([])
    return {
      all: owners,
      timeline: (owner: PublicKeyZ32) => timelines.get(owner) ?? nowhere,
      purgedAt: ({ owner, path }: ObjectKey): bigint =>
        (byOwner.get(owner) ?? []).findLast(
          (entry) => entry.kind === 'PURGE' && (entry.path === null || entry.path === path),
        )?.position ?? 0n,
    }
  }

  /** What owners say of other keys, which are never the signers of it. */
  async function readRules(owners: Owners, position: bigint): Promise<Map<PublicKeyZ32, KeyRules>> {
    const { rows } = await pool.query<JournalRow>(
      `select ${JOURNAL_COLUMNS} from journal
       where owner = any($1) and path >= '${KEYS_FOLDER}' and path < '${KEYS_FOLDER.slice(0, -1)}0'
         and kind in (0, 1) and position <= $2 order by position`,
      [owners.all.map(bytesOfKey), position],
    )
    const judged: Judged[] = []
    for (const entry of rows.map(entryOfRow))
      if (entry.kind !== 'HOME' && entry.kind !== 'PURGE' && decidesStatements(entry.path))
        judged.push(await judge(entry))
    const found = new Map<PublicKeyZ32, Map<string, RuleInForce>>()
    for (const history of grouped(judged).values()) {
      const [first] = history
      if (!first) continue
      const { owner, path } = first.entry
      const purgedAt = owners.purgedAt({ owner, path })
      const rule = ruleOf(replayPath(history, owners.timeline(owner), purgedAt, NO_RULES))
      const rules = found.get(owner) ?? new Map<string, RuleInForce>()
      if (rule) found.set(owner, rules.set(path, rule))
    }
    return found
  }

  return { changes, at, remember, forget }
}

interface Owners {
  all: readonly PublicKeyZ32[]
  timeline(owner: PublicKeyZ32): HomeTimeline
  purgedAt(key: ObjectKey): bigint
}

function nameOf({ owner, path }: ObjectKey): string {
  return owner + path
}

function grouped(all: readonly Judged[]): Map<string, Judged[]> {
  const groups = new Map<string, Judged[]>()
  for (const judged of all) {
    const group = groups.get(nameOf(judged.entry))
    if (group) group.push(judged)
    else groups.set(nameOf(judged.entry), [judged])
  }
  return groups
}

function comesAfter(last: ObjectState | null, { entry }: Judged, timeline: HomeTimeline): boolean {
  const epoch = timeline.epochOf(entry.host, entry.receivedAtMs)
  return epoch === null || last === null || isAfter(last, epoch, BigInt(entry.eventId))
}

function withoutBytes(judged: Judged): Judged {
  const { entry } = judged
  if (entry.body?.at !== 'row') return judged
  const light: ObjectEntry = { ...entry, body: { at: 'erased', refs: null } }
  return { ...judged, entry: light }
}

/** Goes on from a state with entries that come after it. */
function goOn(
  from: ObjectState | null,
  history: readonly Judged[],
  timeline: HomeTimeline,
  rules: KeyRules,
): ObjectState | null {
  const ordered = history
    .flatMap((judged) => {
      const epoch = timeline.epochOf(judged.entry.host, judged.entry.receivedAtMs)
      return epoch === null ? [] : [{ epoch, judged, id: BigInt(judged.entry.eventId) }]
    })
    .sort((a, b) => a.epoch - b.epoch || (a.id < b.id ? -1 : 1))
  let state = from
  for (const { epoch, judged } of ordered) {
    const kind = kindOfPath(judged.entry.path)
    if (kind !== null) state = foldEntry(state, epoch, judged, kind, rules)
  }
  return state
}
