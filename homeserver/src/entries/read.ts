import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import { findUser } from '../sessions/resolver.ts'
import type { Alone } from './alone.ts'
import type { Write } from './commit.ts'
import { createEntryCache, type EntryCache } from './entry-cache.ts'

/** A stored file: what is needed to serve it. */
export interface Entry {
  hash: Buffer
  size: number
  contentType: string
  modifiedAt: Date
  inline: Buffer | null
  blobKey: string | null
  proof: Buffer | null
}

/** The newest proof of a path, of a deletion too; bytes are null when an unsigned write followed. */
export interface StoredProof {
  timestamp: bigint
  bytes: Buffer | null
}

export interface EntryReader {
  /** Accounts are never deleted, so a known id stays right. */
  userId(owner: PublicKeyZ32): Promise<string | null>
  entry(userId: string, path: StoragePath): Promise<Entry | null>
  /** What can be told without asking the database anything. */
  known(owner: PublicKeyZ32, path: StoragePath): Entry | null
  proof(userId: string, path: StoragePath): Promise<StoredProof | null>
  /** See `EntryCache`. */
  beforeWriting(
    writes: readonly Pick<Write, 'userId' | 'path'>[],
  ): ReturnType<EntryCache['beforeWriting']>
}

const MAX_USERS = 100_000
/** A look-up alone costs twice as much as one of many in a statement. */
const MAX_RUNNING = 2
const MAX_BATCH = 64

/** The newest time and proof of an entry `e`; where it tells no time, of a row of `proofs`. */
const TIME = 'coalesce(e.proof_micros, p.ts_micros)'
const PROOF = `case when e.proof_micros is null then p.bytes
  else (select v.proof from events v where v.id = e.proof_event) end`

const COLUMNS = `e.hash, e.size::int8::text, e.content_type,
  floor(extract(epoch from e.modified_at) * 1000)::int8::text, e.inline, e.blob_key, ${PROOF}`

const ONE = {
  name: 'entry',
  text: `select 1, ${COLUMNS}
    from entries e
    left join proofs p on e.proof_micros is null and p.user_id = e.user_id and p.path = e.path
    where e.user_id = $1 and e.path = $2`,
}

const MANY = {
  name: 'entries',
  text: `select w.n::int, ${COLUMNS}
    from unnest($1::bigint[], $2::text[]) with ordinality as w (user_id, path, n)
    cross join lateral (
      select * from entries e where e.user_id = w.user_id and e.path = w.path limit 1
    ) e
    left join lateral (
      select p.bytes from proofs p
      where e.proof_micros is null and p.user_id = w.user_id and p.path = w.path limit 1
    ) p on true`,
}

type Row = [
  n: number,
  hash: Buffer,
  size: string,
  contentType: string,
  modifiedMs: string,
  inline: Buffer | null,
  blobKey: string | null,
  proof: Buffer | null,
]

interface Wanted {
  key: string
  userId: string
  path: StoragePath
  resolve(entry: Entry | null): void
  reject(error: unknown): void
}

function toEntry([, hash, size, contentType, modifiedMs, inline, blobKey, proof]: Row): Entry {
  const modifiedAt = new Date(Number(modifiedMs))
  return { hash, size: Number(size), contentType, modifiedAt, inline, blobKey, proof }
}

/** Reads entries. Look-ups that arrive while others are under way share a statement. */
export function createEntryReader(pool: Pool, alone: Alone | null = null): EntryReader {
  const cache = createEntryCache(pool, alone)
  const users = new LRUCache<PublicKeyZ32, string>({ max: MAX_USERS })
  const waiting: Wanted[] = []
  let running = 0

  async function look(batch: readonly Wanted[]): Promise<void> {
    const [first] = batch
    const keep = cache.beforeReading()
    try {
      const query =
        batch.length === 1 && first
          ? { ...ONE, values: [first.userId, first.path] }
          : { ...MANY, values: [batch.map((one) => one.userId), batch.map((one) => one.path)] }
      const { rows } = await pool.query<Row>({ ...query, rowMode: 'array' })
      const found = new Map(rows.map((row) => [row[0] - 1, row]))
      batch.forEach((one, index) => {
        const row = found.get(index)
        const entry = row ? toEntry(row) : null
        if (entry) keep(one.key, entry)
        one.resolve(entry)
      })
    } catch (error) {
      for (const one of batch) one.reject(error)
    }
  }

  function next(): void {
    while (running < MAX_RUNNING && waiting.length > 0) {
      running += 1
      const share = Math.ceil(waiting.length / (MAX_RUNNING - running + 1))
      void look(waiting.splice(0, Math.min(share, MAX_BATCH))).finally(() => {
        running -= 1
        next()
      })
    }
  }

  function read(key: string, userId: string, path: StoragePath): Promise<Entry | null> {
    return new Promise((resolve, reject) => {
      waiting.push({ key, userId, path, resolve, reject })
      // What arrives in the same turn goes together.
      if (running < MAX_RUNNING) setImmediate(next)
    })
  }

  return {
    async userId(owner) {
      const known = users.get(owner)
      if (known !== undefined) return known
      const user = await findUser(pool, owner)
      if (user) users.set(owner, user.id)
      return user?.id ?? null
    },
    async entry(userId, path) {
      const key = userId + path
      const known = cache.find(key)
      if (known && (await cache.isCurrent(key, known))) return known
      return read(key, userId, path)
    },
    known(owner, path) {
      const userId = users.get(owner)
      return (userId !== undefined && cache.known(userId + path)) || null
    },
    async proof(userId, path) {
      const { rows } = await pool.query<[time: string | null, bytes: Buffer | null]>({
        name: 'proof',
        text: `select ${TIME}::text, ${PROOF} from (values ($1::bigint, $2)) w (user_id, path)
          left join entries e using (user_id, path) left join proofs p using (user_id, path)`,
        values: [userId, path],
        rowMode: 'array',
      })
      const [[time, bytes] = [null, null]] = rows
      return time === null ? null : { timestamp: BigInt(time), bytes }
    },
    beforeWriting: (writes) => cache.beforeWriting(writes.map(({ userId, path }) => userId + path)),
  }
}
