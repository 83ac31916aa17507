import { postKeyText, postOfUri } from '@pubky/app-specs'
import type { Pool } from 'pg'

export const POST_SOURCES = [
  'all',
  'following',
  'followers',
  'friends',
  'bookmarks',
  'author',
  'author_replies',
  'post_replies',
  'collection',
  'wot',
  'wot_domain',
] as const
export type PostSource = (typeof POST_SOURCES)[number]

export interface StreamQuery {
  source: PostSource
  observer?: string | undefined
  author?: string | undefined
  /** `author:id` for replies and collections. */
  post?: string | undefined
  /** Authors within reach, for `wot`; resolved by the caller through the graph. */
  authors?: readonly string[] | undefined
  sorting: 'timeline' | 'total_engagement'
  ascending: boolean
  kinds?: readonly string[] | undefined
  excludeKinds?: readonly string[] | undefined
  tags?: readonly string[] | undefined
  /** Whose mutes hold; not for the posts of one author, which one asks for by name. */
  viewer?: string | undefined
  limit: number
  skip?: number | undefined
  /** Inclusive bounds of the score. */
  max?: number | undefined
  min?: number | undefined
  /** Beyond this place in the order. */
  after?: { score: number; key: string } | undefined
}

export interface ScoredKey {
  key: string
  score: number
}

class Sql {
  readonly values: unknown[] = []
  readonly conditions: string[] = []

  param(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  where(condition: string): void {
    this.conditions.push(condition)
  }
}

/** From where, and by what expressions rows are ordered. */
interface Base {
  from: string
  score: string
  key: string
}

const POSTS: Base = { from: 'posts p', score: 'p.indexed_at', key: 'p.key' }

function labelled(sql: Sql, q: StreamQuery): Base {
  const labels = sql.param(q.tags)
  const score = q.sorting === 'timeline' ? 'l.indexed_at' : 'l.engagement'
  const [only] = q.tags ?? []
  const from =
    q.tags?.length === 1 && only !== undefined
      ? `post_labels l join posts p on p.key = l.post_key`
      : `(select distinct on (post_key) post_key, indexed_at, engagement, is_reply from post_labels
          where label = any(${labels})) l join posts p on p.key = l.post_key`
  if (q.tags?.length === 1) sql.where(`l.label = (${labels}::text[])[1]`)
  return { from, score, key: 'l.post_key' }
}

function base(sql: Sql, q: StreamQuery): Base {
  if (q.source === 'bookmarks') {
    sql.where(`b.owner = ${sql.param(q.observer)}`)
    if (q.tags)
      sql.where(
        `exists (select from post_labels l where l.post_key = p.key and l.label = any(${sql.param(q.tags)}))`,
      )
    const score = q.sorting === 'timeline' ? 'b.indexed_at' : 'p.engagement'
    return { from: 'bookmarks b join posts p on p.key = b.post_key', score, key: 'b.post_key' }
  }
  if (q.tags && q.source !== 'post_replies' && q.source !== 'author_replies')
    return labelled(sql, q)
  const byTime =
    q.sorting === 'timeline' || q.source === 'post_replies' || q.source === 'author_replies'
  return { ...POSTS, score: byTime ? 'p.indexed_at' : 'p.engagement' }
}

/** Which posts belong to the stream, apart from what narrows it. */
function scope(sql: Sql, q: StreamQuery): string[] {
  const roots = 'p.parent_key is null'
  const by = (people: string) => [roots, `p.author in (${people})`]
  switch (q.source) {
    case 'bookmarks':
      return []
    case 'post_replies':
      return [`p.parent_key = ${sql.param(q.post)}`]
    case 'author_replies':
      return ['p.parent_key is not null', `p.author = ${sql.param(q.author)}`]
    case 'author':
      return [roots, `p.author = ${sql.param(q.author)}`]
    case 'following':
      return by(`select followed from follows where follower = ${sql.param(q.observer)}`)
    case 'followers':
      return by(`select follower from follows where followed = ${sql.param(q.observer)}`)
    case 'friends':
      return by(`select f.followed from follows f
        join follows b on b.follower = f.followed and b.followed = f.follower
        where f.follower = ${sql.param(q.observer)}`)
    case 'wot':
    case 'wot_domain':
      return [roots, `p.author = any(${sql.param(q.authors ?? [])})`]
    default:
      return [roots]
  }
}

function narrow(sql: Sql, q: StreamQuery, { score, key }: Base): void {
  if (q.kinds) sql.where(`p.kind = any(${sql.param(q.kinds)})`)
  if (q.excludeKinds) sql.where(`p.kind <> all(${sql.param(q.excludeKinds)})`)
  if (q.max !== undefined) sql.where(`${score} <= ${sql.param(Math.floor(q.max))}::bigint`)
  if (q.min !== undefined) sql.where(`${score} >= ${sql.param(Math.ceil(q.min))}::bigint`)
  if (q.after) {
    const place = `(${sql.param(q.after.score)}::bigint, ${sql.param(q.after.key)}::text)`
    sql.where(`(${score}, ${key}) ${q.ascending ? '>' : '<'} ${place}`)
  }
  if (q.viewer !== undefined && q.source !== 'author' && q.source !== 'author_replies')
    sql.where(
      `not exists (select from mutes m where m.owner = ${sql.param(q.viewer)} and m.muted = p.author)`,
    )
}

/** Keys of a stream in its order (spec/nexus.md 1.8), muted authors left out. */
export async function streamKeys(pool: Pool, q: StreamQuery): Promise<ScoredKey[]> {
  if (q.source === 'collection') return collectionKeys(pool, q)
  if (q.tags && (q.source === 'post_replies' || q.source === 'author_replies')) return []
  const sql = new Sql()
  const from = base(sql, q)
  sql.where('p.visible')
  for (const condition of scope(sql, q)) sql.where(condition)
  narrow(sql, q, from)
  const direction = q.ascending ? 'asc' : 'desc'
  const text = `select ${from.key} as key, ${from.score}::bigint as score from ${from.from}
    where ${sql.conditions.join(' and ')}
    order by ${from.score} ${direction}, ${from.key} ${direction}
    offset ${sql.param(q.skip ?? 0)} limit ${sql.param(q.limit)}`
  const { rows } = await pool.query<{ key: string; score: string }>(text, sql.values)
  return rows.map(({ key, score }) => ({ key, score: Number(score) }))
}

function itemsOf(content: string): string[] {
  try {
    const json: unknown = JSON.parse(content)
    if (json === null || typeof json !== 'object' || !('items' in json)) return []
    return Array.isArray(json.items) ? json.items.filter((item) => typeof item === 'string') : []
  } catch {
    return []
  }
}

async function collectionKeys(pool: Pool, q: StreamQuery): Promise<ScoredKey[]> {
  const { rows } = await pool.query<{ content: string }>({
    name: 'collection',
    text: "select content from posts where key = $1 and visible and kind = 'collection'",
    values: [q.post],
  })
  const keys = itemsOf(rows[0]?.content ?? '').flatMap((uri) => {
    const key = postOfUri(uri)
    return key ? [postKeyText(key)] : []
  })
  const skip = q.skip ?? 0
  return keys.slice(skip, skip + q.limit).map((key, index) => ({ key, score: skip + index }))
}
