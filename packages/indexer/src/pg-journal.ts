import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { BlobStore } from '@pubky/server-kit'
import { createListener } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { NewHomeEntry, NewObjectEntry, NewPurgeEntry } from './entries.ts'
import { erasing } from './erasing.ts'
import { IndexerError } from './errors.ts'
import type { FeedCursor, Journal } from './journal.ts'
import {
  asBuffer,
  bytesOfKey,
  columnsOf,
  entryOfRow,
  JOURNAL_COLUMNS,
  type JournalRow,
} from './rows.ts'
import { createTail } from './tail.ts'
import { createWaker } from './waker.ts'

/** A read stops after about so many bytes of bodies (design 3). */
const READ_MAX_BYTES = 16 * 1024 * 1024
const HISTORY_MAX_ENTRIES = 10_000

export interface PgJournalOptions {
  pool: Pool
  /** Address of the same database, for the connection that listens. */
  url: string
  blobs: BlobStore
  /** Told of people who were seen for the first time. */
  onStrangers?: (owners: readonly Buffer[]) => void
}

const APPEND = `select head, added, strangers, fenced from journal_append(
  $1, $2, $3, $4, $5, $6::smallint[], $7::bytea[], $8::bigint[], $9::text[], $10::bigint[],
  $11::bytea[], $12::bytea[], $13::text[], $14::bigint[], $15::bytea[], $16::smallint[], $17::text[])`

interface AppendRow {
  head: string
  added: number
  strangers: Buffer[]
  fenced: boolean
}

// The sum runs over at most `limit` rows and does not read bodies, only their lengths.
const READ = `select ${JOURNAL_COLUMNS} from (
    select *, sum(coalesce(octet_length(body), 0)) over (order by position)
      - coalesce(octet_length(body), 0) as before
    from (
      select * from journal
      where position > $1 and ($3::bytea[] is null or owner = any($3))
      order by position limit $2
    ) part
  ) summed
  where before < $4 order by position`

/** The journal in PostgreSQL. Positions are gapless and become visible in order, across processes. */
export function createPgJournal(o: PgJournalOptions): Journal & AsyncDisposable {
  const { pool } = o
  const waker = createWaker()
  const tail = createTail()
  let known = 0n
  const listener = createListener(o.url, ['journal'], (_, payload) => announce(payload))

  /** Wakes readers, once for each head, whether this process hears of it as writer or as listener. */
  function announce(head: string): bigint {
    const position = BigInt(head)
    if (position > known) {
      known = position
      waker.wake()
    }
    return position
  }

  async function append(
    host: PublicKeyZ32,
    entries: readonly NewObjectEntry[],
    cursor: FeedCursor,
  ): Promise<bigint> {
    const { rows } = await pool.query<AppendRow>({
      name: 'journal_append',
      text: APPEND,
      values: [
        bytesOfKey(host),
        cursor.owner ? bytesOfKey(cursor.owner) : Buffer.alloc(0),
        cursor.eventId,
        cursor.line ?? null,
        cursor.holder ?? null,
        ...columnsOf(entries),
      ],
    })
    const [row] = rows
    if (!row || row.fenced) throw new IndexerError('lease_lost', { detail: host })
    if (row.strangers.length > 0) o.onStrangers?.(row.strangers)
    if (entries.length > 0 && row.added === entries.length) tail.add(entries, BigInt(row.head))
    return announce(row.head)
  }

  async function appendHome(entry: NewHomeEntry): Promise<bigint> {
    const { rows } = await pool.query<{ head: string }>(
      'select journal_append_home($1, $2, $3, $4, $5) as head',
      [
        bytesOfKey(entry.owner),
        entry.host && bytesOfKey(entry.host),
        entry.recordMicros,
        entry.receivedAtMs,
        asBuffer(entry.policy ?? null),
      ],
    )
    return announce(rows[0]?.head ?? '0')
  }

  async function appendPurge(entry: NewPurgeEntry): Promise<bigint> {
    const { head } = await erasing(pool, o.blobs, async (client) => {
      const { rows } = await client.query<{ head: string; blobs: string[] }>(
        'select head, blobs from journal_append_purge($1, $2, $3, $4)',
        [bytesOfKey(entry.owner), entry.path, entry.receivedAtMs, entry.reason],
      )
      return rows[0] ?? { head: '0', blobs: [] }
    })
    tail.clear()
    return announce(head)
  }

  async function read(
    after: bigint,
    limit: number,
    { owners }: { owners?: readonly PublicKeyZ32[] } = {},
  ) {
    const { rows } = await pool.query<JournalRow>({
      name: 'journal_read',
      text: READ,
      values: [after, limit, owners?.map(bytesOfKey) ?? null, READ_MAX_BYTES],
    })
    return rows.map(entryOfRow)
  }

  async function next(after: bigint, limit: number) {
    return tail.after(after, limit) ?? read(after, limit)
  }

  async function history(owner: PublicKeyZ32, path: StoragePath) {
    const { rows } = await pool.query<JournalRow>(
      `select ${JOURNAL_COLUMNS} from journal where owner = $1 and path = $2
       order by position limit $3`,
      [bytesOfKey(owner), path, HISTORY_MAX_ENTRIES],
    )
    return rows.map(entryOfRow)
  }

  async function head(): Promise<bigint> {
    const { rows } = await pool.query<{ head: string }>('select journal_head() as head')
    return BigInt(rows[0]?.head ?? 0)
  }

  async function* wake({ signal }: { signal?: AbortSignal }): AsyncGenerator<bigint | null> {
    for await (const isCalled of waker.wakes(signal)) yield isCalled ? known : null
  }

  return {
    append,
    appendHome,
    appendPurge,
    read,
    next,
    history,
    head,
    wake,
    async [Symbol.asyncDispose]() {
      waker.close()
      await listener[Symbol.asyncDispose]()
    },
  }
}
