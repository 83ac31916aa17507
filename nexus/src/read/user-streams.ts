import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import type { Reach, SocialGraph, Window } from '../graph/social-graph.ts'
import { createRankings } from './rankings.ts'
import { type FollowList, followList } from './users.ts'

export const USER_SOURCES = [
  'followers',
  'following',
  'friends',
  'most_followed',
  'influencers',
  'recommended',
  'post_replies',
  'starter_pack',
] as const
export type UserSource = (typeof USER_SOURCES)[number]

export const TIMEFRAMES = ['today', 'this_week', 'this_month', 'all_time'] as const
export type Timeframe = (typeof TIMEFRAMES)[number]

const DAY_MS = 86_400_000
const LENGTHS: Record<Timeframe, number> = {
  today: DAY_MS,
  this_week: 7 * DAY_MS,
  this_month: 30 * DAY_MS,
  all_time: Number.POSITIVE_INFINITY,
}
/** Rankings are read anew after so long. */
const RANKING_MS = 30_000
/** People in rankings that are kept. */
const RANKED_KEPT = 500_000

export function windowOf(timeframe: Timeframe, nowMs: number): Window {
  return { fromMs: Math.max(0, nowMs - LENGTHS[timeframe]), toMs: nowMs + 1 }
}

export interface UserStreamQuery {
  source: UserSource
  user?: string | undefined
  viewer?: string | undefined
  post?: string | undefined
  tags?: readonly string[] | undefined
  reach?: Reach | undefined
  timeframe: Timeframe
  preview?: boolean | undefined
  skip: number
  limit: number
}

const RANKED: Record<'most_followed' | 'influencers', string> = {
  most_followed: `select c.user_id as id from user_counts c join users u on u.id = c.user_id and u.state = 1
    order by c.followers desc, c.user_id desc offset $1 limit $2`,
  influencers: `select c.user_id as id from user_counts c join users u on u.id = c.user_id and u.state = 1
    where c.influence > 0 order by c.influence desc, c.user_id desc offset $1 limit $2`,
}

async function ranked(
  pool: Pool,
  by: keyof typeof RANKED,
  skip: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: by,
    text: RANKED[by],
    values: [skip, limit],
  })
  return rows.map(({ id }) => id)
}

const REPLIERS = `select author as id from posts where parent_key = $1 and visible and not deleted
  group by author order by max(indexed_at) desc, author limit 1000`

const STARTER = `with votes as (
    select l.label, l.user_id as candidate, t.tagger
    from user_labels l join tags t on t.target = l.user_id and t.label = l.label
    where l.label = any($1)
    union
    select t.label, p.author, t.tagger
    from tags t join posts p on p.key = t.target and p.visible
    where t.label = any($1) and t.target_kind = 0
  ), ranked as (
    select v.label, v.candidate, count(*) as taggers,
      row_number() over (partition by v.label order by count(*) desc, v.candidate) as place
    from votes v
    join users u on u.id = v.candidate and u.state = 1
    where v.candidate is distinct from $2
      and not exists (select from follows f where f.follower = $2 and f.followed = v.candidate)
      and exists (select from posts p where p.author = v.candidate and not p.deleted and p.indexed_at >= $3)
    group by v.label, v.candidate
  )
  select candidate as id from ranked
  group by candidate
  order by min(place), min(array_position($1, label)), candidate offset $4 limit $5`

interface Ranking {
  timeframe: Timeframe
  within: { user: PublicKeyZ32; reach: Reach } | undefined
}

/** Whom to list (spec/nexus.md 1.6). Rankings come from the graph and are kept for half a minute. */
export function createUserStreams(o: { pool: Pool; graph: SocialGraph; nowMs: () => number }) {
  const { pool, graph, nowMs } = o
  const rankings = createRankings({
    ttlMs: RANKING_MS,
    maxSize: RANKED_KEPT,
    async rank({ timeframe, within }: Ranking, limit) {
      const window = windowOf(timeframe, nowMs())
      const found = await graph.influencers({ window, ...(within && { within }), limit })
      return found.map(({ user }) => user)
    },
  })

  async function influencers(q: UserStreamQuery): Promise<string[]> {
    const { skip, limit } = q.preview ? { skip: 0, limit: 3 } : q
    if (q.timeframe === 'all_time') return ranked(pool, 'influencers', skip, limit)
    const reach: Reach = q.reach ?? { kind: 'wot', depth: 2 }
    const within = q.user === undefined ? undefined : { user: q.user as PublicKeyZ32, reach }
    return rankings({ timeframe: q.timeframe, within }, { skip, limit })
  }

  async function recommended(user: string, { skip, limit }: UserStreamQuery): Promise<string[]> {
    const found = await graph.recommended(user as PublicKeyZ32, { skip, limit })
    return found.map((one) => one.user)
  }

  async function ids(q: UserStreamQuery): Promise<string[]> {
    switch (q.source) {
      case 'followers':
      case 'following':
      case 'friends':
        return followList(pool, q.source satisfies FollowList, q.user ?? '', q)
      case 'most_followed':
        return ranked(pool, 'most_followed', q.skip, q.limit)
      case 'influencers':
        return influencers(q)
      case 'recommended':
        return recommended(q.user ?? '', q)
      case 'post_replies': {
        const { rows } = await pool.query<{ id: string }>(REPLIERS, [q.post])
        return rows.map(({ id }) => id)
      }
      case 'starter_pack': {
        const subject = q.user ?? q.viewer ?? null
        const { fromMs } = windowOf(q.timeframe, nowMs())
        const { rows } = await pool.query<{ id: string }>(STARTER, [
          q.tags,
          subject,
          fromMs,
          q.skip,
          q.limit,
        ])
        return rows.map(({ id }) => id)
      }
    }
  }

  /** As `ids`, without those whom the viewer mutes, where somebody is suggested. */
  async function suggested(q: UserStreamQuery): Promise<string[]> {
    const found = await ids(q)
    const isList = q.source === 'followers' || q.source === 'following' || q.source === 'friends'
    const viewer = q.viewer ?? q.user
    if (isList || viewer === undefined || found.length === 0) return found
    const { rows } = await pool.query<{ muted: string }>(
      'select muted from mutes where owner = $1 and muted = any($2)',
      [viewer, found],
    )
    const muted = new Set(rows.map((row) => row.muted))
    return found.filter((id) => !muted.has(id))
  }

  return { ids: suggested }
}

export type UserStreams = ReturnType<typeof createUserStreams>
