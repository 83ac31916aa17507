import type { Pool } from 'pg'
import { labelsSql, ownLabels, VIEW_TAGS, withOwn } from './tag-samples.ts'
import type { ViewCache } from './view-cache.ts'
import {
  type Bookmark,
  type LivePostView,
  proofState,
  type TagDetails,
  uriOfPostKey,
} from './views.ts'

interface Row {
  key: string
  author: string
  id: string
  content: string
  kind: string
  attachments: string[] | null
  lock: string | null
  parent_key: string | null
  repost_key: string | null
  mentions: string[]
  indexed_at: string
  edited_at: string | null
  verdict: number
  deleted: boolean
  tags: number
  unique_tags: number
  replies: number
  reposts: number
  labels: TagDetails[]
}

const SQL = `select p.key, p.author, p.id, p.content, p.kind, p.attachments, p.lock, p.parent_key,
    p.repost_key, p.mentions, p.indexed_at, p.edited_at, p.verdict, p.deleted,
    p.tags, p.unique_tags, p.replies, p.reposts,
    case when p.tags = 0 then '[]'::json else ${labelsSql('post', 'p.key', VIEW_TAGS)} end as labels
  from posts p where p.key = any($1) and p.visible`

function toView(row: Row): LivePostView {
  return {
    details: {
      content: row.content,
      id: row.id,
      indexed_at: Number(row.indexed_at),
      author: row.author,
      kind: row.kind,
      uri: uriOfPostKey(row.key),
      attachments: row.attachments,
      lock: row.lock,
    },
    counts: {
      tags: row.tags,
      unique_tags: row.unique_tags,
      replies: row.replies,
      reposts: row.reposts,
    },
    tags: row.labels,
    relationships: {
      replied: row.parent_key === null ? null : uriOfPostKey(row.parent_key),
      reposted: row.repost_key === null ? null : uriOfPostKey(row.repost_key),
      mentioned: row.mentions,
    },
    bookmark: null,
    proof: proofState(row.verdict),
    deleted: row.deleted,
    edited_at: row.edited_at === null ? null : Number(row.edited_at),
  }
}

async function load(pool: Pool, keys: string[]): Promise<Map<string, LivePostView>> {
  const { rows } = await pool.query<Row>({ name: 'post_views', text: SQL, values: [keys] })
  return new Map(rows.map((row) => [row.key, toView(row)]))
}

async function bookmarksOf(
  pool: Pool,
  viewer: string,
  keys: readonly string[],
): Promise<Map<string, Bookmark>> {
  const { rows } = await pool.query<{ post_key: string; id: string; indexed_at: string }>({
    name: 'bookmarks_of',
    text: 'select post_key, id, indexed_at from bookmarks where owner = $1 and post_key = any($2)',
    values: [viewer, keys],
  })
  return new Map(
    rows.map((row) => [row.post_key, { id: row.id, indexed_at: Number(row.indexed_at) }]),
  )
}

/** Views of posts in the order of `keys`; unknown ones are left out. */
export async function postViews(
  o: { pool: Pool; postCache: ViewCache<LivePostView> },
  keys: readonly string[],
  viewer: string | undefined,
): Promise<LivePostView[]> {
  if (keys.length === 0) return []
  const views = await o.postCache.many(keys, (missing) => load(o.pool, missing))
  const found = keys.flatMap((key) => {
    const view = views.get(key)
    return view ? [{ key, view }] : []
  })
  if (viewer === undefined) return found.map(({ view }) => view)
  const names = found.map(({ key }) => key)
  const tagged = found.filter(({ view }) => view.counts.tags > 0).map(({ key }) => key)
  const [own, bookmarks] = await Promise.all([
    ownLabels(o.pool, viewer, tagged),
    bookmarksOf(o.pool, viewer, names),
  ])
  return found.map(({ key, view }) => ({
    ...view,
    tags: withOwn(view.tags, key, own),
    bookmark: bookmarks.get(key) ?? null,
  }))
}
