import { type JournalEntry, type Projection, refuseGap } from '@pubky/indexer'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { withTransaction } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { LogMessage } from '../../live/live-event.ts'
import { appendToLog, type LiveBatch } from '../../live/log.ts'
import { judge } from '../../objects/judge.ts'
import { type Done, pipelined } from '../pipeline.ts'
import { applyBatch, type BatchEntry } from './apply-batch.ts'
import { type Changes, createChanges } from './changes.ts'
import { digestNotices, digestState } from './digest.ts'
import { judgeAgain } from './judge-again.ts'
import { liveMessages } from './live-messages.ts'
import { loadObjects } from './object-rows.ts'
import { createOwnerRecords } from './owner-records.ts'
import { recountPeople, recountResources, relabelPeople } from './recount-people.ts'
import { type CountedPost, recountPosts, relabelPosts } from './recount-posts.ts'
import { rowsOf, type Tx } from './sql.ts'

export const VIEWS_NAME = 'views'
/** Raise it when the same journal gives other rows than before: the next start rebuilds. */
export const VIEWS_VERSION = 3

/** Everything that `reset` empties. The live log stays: who listens is told to read again. */
export const VIEW_TABLES = [
  'objects',
  'users',
  'posts',
  'follows',
  'mutes',
  'bookmarks',
  'tags',
  'user_labels',
  'post_labels',
  'resources',
  'files',
  'user_counts',
  'notices',
] as const

const POSITION = 'select position from projection_positions where name = $1 and version = $2'
const OTHER_VERSIONS = 'select from projection_positions where name = $1 and version <> $2'
const DROP_VERSIONS = 'delete from projection_positions where name = $1 and version <> $2'
const LOCK = `insert into projection_positions (name, version, position) values ($1, $2, 0)
  on conflict (name, version) do update set position = projection_positions.position
  returning position`
const MOVE = 'update projection_positions set position = $3 where name = $1 and version = $2'
const KEY = [VIEWS_NAME, VIEWS_VERSION]

/**
 * The projection `views` (design 3): documents, edges, counters, timelines and notices. State is a
 * function of the set of entries, notices of their sequence. `isLive` off: nobody is told. `onBatch` hears
 * of what was committed here before the log can tell.
 */
export function createViews(o: {
  pool: Pool
  isLive?: boolean
  onBatch?: (batch: LiveBatch) => void
}): Projection {
  const { pool, isLive = true } = o
  const records = createOwnerRecords()

  async function position(): Promise<bigint> {
    const { rows } = await pool.query<{ position: string }>(POSITION, KEY)
    if (rows[0]) return BigInt(rows[0].position)
    // What another version of this program computed cannot be continued.
    const { rowCount } = await pool.query(OTHER_VERSIONS, KEY)
    if (rowCount) await reset()
    return 0n
  }

  async function apply(
    entries: readonly JournalEntry[],
    { after, signal }: { after?: bigint; signal?: AbortSignal } = {},
  ): Promise<void> {
    signal?.throwIfAborted()
    const batch = await Promise.all(entries.map(toBatchEntry))
    if (batch.length === 0) return
    try {
      const done = await pipelined(pool, (tx) => applyIn(tx, batch, after))
      // Otherwise another process was here: what is remembered of owners may be out of date.
      if (done === null) return
      records.commit(done.position)
      if (isLive) o.onBatch?.(done)
    } catch (error) {
      records.forget()
      throw error
    }
  }

  /** Comes to what open pages are told; to null when there was nothing to do. */
  async function applyIn(
    tx: Tx,
    batch: readonly BatchEntry[],
    after: bigint | undefined,
  ): Promise<Done<LiveBatch | null>> {
    // The row is locked until the end: whoever else applies waits and then finds nothing to do.
    const [rows, found] = await Promise.all([
      rowsOf<{ position: string }>(tx, 'lock_views', LOCK, KEY),
      loadObjects(
        tx,
        batch.flatMap(({ judged }) => judged?.entry ?? []),
      ),
    ])
    const at = BigInt(rows[0]?.position ?? 0)
    refuseGap(at, after)
    const news = batch.filter(({ entry }) => entry.position > at)
    const end = news.at(-1)?.entry.position
    if (end === undefined) return { value: null, pending: [] }
    const owners = news.map(({ entry }): PublicKeyZ32 => entry.owner)
    await records.load(tx, owners, at)
    const changes = createChanges()
    const { pending } = changes
    await applyBatch(tx, news, records, changes, found)
    const messages = await account(tx, changes)
    pending.push(appendToLog(tx, end, messages))
    pending.push(rowsOf(tx, 'move_views', MOVE, [...KEY, end]))
    return { value: { after: at, position: end, messages }, pending }
  }

  /** Counts again what was touched. Comes to what has to be told of it. */
  async function account(tx: Tx, changes: Changes): Promise<LogMessage[]> {
    const { touched } = changes
    for (const owner of changes.judges) await judgeAgain(tx, changes, owner, records.rulesOf(owner))
    const [posts, people] = await Promise.all([
      recountPosts(tx, touched.posts),
      recountPeople(tx, touched),
      relabelPeople(tx, touched.people.tags),
      recountResources(tx, touched.resources),
    ])
    const [, recipients] = await Promise.all([
      relabelPosts(tx, labelled(touched.posts, posts)),
      changes.notices.save(tx),
    ])
    return isLive ? liveMessages(tx, { changes, posts, people, recipients }) : []
  }

  async function reset(): Promise<void> {
    records.forget()
    await withTransaction(pool, async (tx) => {
      await rowsOf(tx, 'lock_views', LOCK, KEY)
      await tx.query(`truncate ${VIEW_TABLES.join(', ')}`)
      await rowsOf(tx, 'move_views', MOVE, [...KEY, 0])
      await tx.query(DROP_VERSIONS, KEY)
    })
  }

  return {
    name: VIEWS_NAME,
    version: VIEWS_VERSION,
    position,
    apply,
    reset,
    stateDigest: () => digestState(pool),
    noticeDigest: () => digestNotices(pool),
  }
}

/** Posts whose label lists may have to change; of those without a row they must go. */
function labelled(touched: ReadonlySet<string>, posts: readonly CountedPost[]): string[] {
  const bare = new Set(posts.filter((p) => p.tags === 0 && !p.had_labels).map((p) => p.key))
  return [...touched].filter((key) => !bare.has(key))
}

async function toBatchEntry(entry: JournalEntry): Promise<BatchEntry> {
  if (entry.kind === 'HOME' || entry.kind === 'PURGE') return { entry, judged: null }
  return { entry, judged: await judge(entry) }
}
