import type { PublicKeyZ32 } from '@pubky/protocol'
import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import type { HotLabel, Reach, SocialGraph } from '../graph/social-graph.ts'
import type { SearchIndex } from '../search/search-index.ts'
import { filesByUris } from './files.ts'
import { noticesOf } from './notifications.ts'
import { type PostSource, type ScoredKey, type StreamQuery, streamKeys } from './post-streams.ts'
import { postViews } from './posts.ts'
import { createRankings } from './rankings.ts'
import { createUserStreams, type Timeframe, type UserStreams, windowOf } from './user-streams.ts'
import { userExists, userViews } from './users.ts'
import { createViewCache, type ViewCache } from './view-cache.ts'
import {
  type Bootstrap,
  type HotTag,
  type LivePostView,
  type LiveUserView,
  plainPost,
  plainUser,
} from './views.ts'

const POSTS_KEPT = 20_000
const USERS_KEPT = 20_000
const HOT_MS = 15_000
/** Hot tags that are kept, each with its taggers. */
const HOT_KEPT = 500_000
const MAX_TAGGERS = 20
const REACH_MS = 10_000
const LISTS_KEPT = 5000
const LIST_MS = 2000
const MAX_REACH = 5000

export interface HotTagQuery {
  timeframe: Timeframe
  within?: { user: string; reach: Reach } | undefined
  taggersLimit: number
  skip: number
  limit: number
}

type PostKeyQuery = StreamQuery & { depth?: number; domainTags?: readonly string[] }

/** All questions of both faces, REST and tRPC (design 3.5). */
export interface Reader {
  readonly pool: Pool
  readonly graph: SocialGraph
  readonly search: SearchIndex
  readonly users: UserStreams
  readonly nowMs: () => number
  /** Forgets views that changed; null forgets all. */
  forget(keys: readonly string[] | null): void
  postViews(keys: readonly string[], viewer?: string): Promise<LivePostView[]>
  userViews(ids: readonly string[], viewer?: string): Promise<LiveUserView[]>
  postKeys(
    q: StreamQuery & { depth?: number; domainTags?: readonly string[] },
  ): Promise<ScoredKey[]>
  hotTags(q: HotTagQuery): Promise<HotTag[]>
  bootstrap(user: string): Promise<Bootstrap>
}

/** People whose profile was tagged so by the observer (depth 0) or by somebody the observer trusts. */
const DOMAIN = `select distinct target as id from tags
  where target_kind = 1 and label = any($1) and tagger = any($2)`

export function createReader(o: {
  pool: Pool
  graph: SocialGraph
  search: SearchIndex
  nowMs: () => number
}): Reader {
  const { pool, graph, search, nowMs } = o
  const postCache: ViewCache<LivePostView> = createViewCache(POSTS_KEPT)
  const userCache: ViewCache<LiveUserView> = createViewCache(USERS_KEPT)
  const users = createUserStreams({ pool, graph, nowMs })
  const reaches = new LRUCache<string, string[]>({ max: 500, ttl: REACH_MS })

  async function trusted(observer: string, depth: 1 | 2 | 3): Promise<string[]> {
    const name = `${observer} ${depth}`
    const known = reaches.get(name)
    if (known) return known
    const reach: Reach = { kind: 'wot', depth }
    const found = await graph.reach(observer as PublicKeyZ32, reach, { limit: MAX_REACH })
    reaches.set(name, found)
    return found
  }

  async function authorsOf(
    source: PostSource,
    observer: string,
    depth: number,
    domainTags: readonly string[],
  ): Promise<string[]> {
    const level = depth === 1 || depth === 3 ? depth : 2
    if (source === 'wot') return trusted(observer, level)
    const taggers = depth === 0 ? [observer] : await trusted(observer, level)
    const { rows } = await pool.query<{ id: string }>(DOMAIN, [domainTags, taggers])
    return rows.map(({ id }) => id)
  }

  // Lists that many ask for at once; any change makes all of them old.
  const lists = new LRUCache<string, { generation: number; keys: ScoredKey[] }>({
    max: LISTS_KEPT,
    ttl: LIST_MS,
  })
  let generation = 0

  async function postKeys(q: PostKeyQuery): Promise<ScoredKey[]> {
    const name = JSON.stringify(q)
    const known = lists.get(name)
    if (known?.generation === generation) return known.keys
    const asOf = generation
    const keys = await readPostKeys(q)
    lists.set(name, { generation: asOf, keys })
    return keys
  }

  async function readPostKeys(q: PostKeyQuery): Promise<ScoredKey[]> {
    if (q.source !== 'wot' && q.source !== 'wot_domain') return streamKeys(pool, q)
    const authors = await authorsOf(q.source, q.observer ?? '', q.depth ?? 2, q.domainTags ?? [])
    return streamKeys(pool, { ...q, authors })
  }

  const hot = createRankings({
    ttlMs: HOT_MS,
    maxSize: HOT_KEPT,
    sizeOf: ({ taggers }: HotLabel) => 1 + taggers.length,
    rank({ timeframe, within }: Pick<HotTagQuery, 'timeframe' | 'within'>, limit) {
      const window = windowOf(timeframe, nowMs())
      const among = within && { within: { ...within, user: within.user as PublicKeyZ32 } }
      return graph.hotTags({ window, ...among, taggersLimit: MAX_TAGGERS, limit })
    },
  })

  async function hotTags(q: HotTagQuery): Promise<HotTag[]> {
    const { timeframe, within, taggersLimit } = q
    const found = await hot({ timeframe, within }, q)
    return found.map(({ label, tagged, taggers, taggersCount }) => ({
      label,
      taggers_id: taggers.slice(0, taggersLimit),
      tagged_count: tagged,
      taggers_count: taggersCount,
    }))
  }

  const reader: Reader = {
    pool,
    graph,
    search,
    users,
    nowMs,
    forget(keys) {
      generation += 1
      if (keys === null) {
        postCache.clear()
        userCache.clear()
        return
      }
      postCache.forget(keys.filter((key) => key.includes(':')))
      userCache.forget(keys.filter((key) => !key.includes(':')))
    },
    postViews: (keys, viewer) => postViews({ pool, postCache }, keys, viewer),
    userViews: (ids, viewer) => userViews({ pool, userCache }, ids, viewer),
    postKeys,
    hotTags,
    bootstrap: (user) => bootstrap(reader, user),
  }
  return reader
}

const FIRST_POSTS = 20
const REPLIES_EACH = 3

async function firstReplies(reader: Reader, posts: readonly LivePostView[], viewer?: string) {
  const parents = posts
    .filter(({ counts }) => counts.replies > 0)
    .map(({ details }) => `${details.author}:${details.id}`)
  if (parents.length === 0) return []
  const { rows } = await reader.pool.query<{ key: string }>(
    `select r.key from unnest($1::text[]) as parent (key)
     cross join lateral (
       select p.key from posts p where p.parent_key = parent.key and p.visible
       order by p.indexed_at desc, p.key desc limit $2
     ) r`,
    [parents, REPLIES_EACH],
  )
  return reader.postViews(
    rows.map(({ key }) => key),
    viewer,
  )
}

/** One call that fills a client's first screen (spec/nexus.md 1.4). */
async function bootstrap(reader: Reader, user: string): Promise<Bootstrap> {
  const { pool, users } = reader
  const indexed = await userExists(pool, user)
  const viewer = indexed ? user : undefined
  const base = { timeframe: 'today' as const, skip: 0, viewer }
  const [stream, influencers, recommended, hotTags, notices] = await Promise.all([
    reader.postKeys({
      source: 'all',
      sorting: 'timeline',
      ascending: false,
      limit: FIRST_POSTS,
      viewer,
    }),
    users.ids({ ...base, source: 'influencers', limit: 3, preview: true }),
    viewer === undefined
      ? []
      : users.ids({ ...base, source: 'recommended', user: viewer, limit: 5 }),
    reader.hotTags({ timeframe: 'today', taggersLimit: 5, skip: 0, limit: 5 }),
    viewer === undefined ? [] : noticesOf(pool, { user: viewer, limit: 30 }),
  ])
  const keys = stream.map(({ key }) => key)
  const roots = await reader.postViews(keys, viewer)
  const posts = [...roots, ...(await firstReplies(reader, roots, viewer))]
  const people = new Set([
    ...(viewer === undefined ? [] : [viewer]),
    ...posts.map(({ details }) => details.author),
    ...influencers,
    ...recommended,
    ...hotTags.flatMap(({ taggers_id }) => taggers_id),
  ])
  const attachments = posts.flatMap(({ details }) => details.attachments ?? [])
  const [views, files] = await Promise.all([
    reader.userViews([...people], viewer),
    filesByUris(pool, attachments),
  ])
  return {
    users: views.map(plainUser),
    posts: posts.map(plainPost),
    files,
    ids: { stream: keys, influencers, recommended, hot_tags: hotTags },
    indexed,
    notifications: notices.map(({ timestamp, body }) => ({ timestamp, body })),
  }
}
