import type { Pool } from 'pg'
import { labelsSql, ownLabels, VIEW_TAGS, withOwn } from './tag-samples.ts'
import type { ViewCache } from './view-cache.ts'
import {
  type LiveUserView,
  proofState,
  type Relationship,
  type TagDetails,
  type UserCounts,
} from './views.ts'

interface Row extends UserCounts {
  id: string
  state: number
  name: string | null
  bio: string | null
  status: string | null
  image: string | null
  links: { title: string; url: string }[] | null
  verdict: number
  indexed_at: string
  labels: TagDetails[]
}

const COUNTS = [
  'tagged',
  'tags',
  'unique_tags',
  'posts',
  'replies',
  'collections',
  'following',
  'followers',
  'friends',
  'bookmarks',
] as const

const SQL = `select u.id, u.state, u.name, u.bio, u.status, u.image, u.links, u.verdict, u.indexed_at,
    ${COUNTS.map((name) => `coalesce(c.${name}, 0) as ${name}`).join(', ')},
    case when coalesce(c.tags, 0) = 0 then '[]'::json else ${labelsSql('user', 'u.id', VIEW_TAGS)} end as labels
  from users u left join user_counts c on c.user_id = u.id
  where u.id = any($1)`

function toView(row: Row): LiveUserView {
  return {
    details: {
      // Somebody who has a home but no profile yet goes by the key (spec/nexus.md 2.6).
      name: row.name ?? row.id,
      bio: row.bio,
      id: row.id,
      links: row.links,
      status: row.status,
      image: row.image,
      indexed_at: Number(row.indexed_at),
    },
    counts: {
      tagged: row.tagged,
      tags: row.tags,
      unique_tags: row.unique_tags,
      posts: row.posts,
      replies: row.replies,
      collections: row.collections,
      following: row.following,
      followers: row.followers,
      friends: row.friends,
      bookmarks: row.bookmarks,
    },
    tags: row.labels,
    relationship: { following: false, followed_by: false },
    proof: proofState(row.verdict),
  }
}

async function load(pool: Pool, ids: string[]): Promise<Map<string, LiveUserView>> {
  const { rows } = await pool.query<Row>({ name: 'user_views', text: SQL, values: [ids] })
  return new Map(rows.map((row) => [row.id, toView(row)]))
}

/** How the viewer stands to each of these people. */
export async function relationshipsOf(
  pool: Pool,
  viewer: string,
  users: readonly string[],
): Promise<Map<string, Relationship>> {
  const { rows } = await pool.query<{ id: string } & Relationship>({
    name: 'relationships',
    text: `select u.id,
        exists (select from follows where follower = $1 and followed = u.id) as following,
        exists (select from follows where follower = u.id and followed = $1) as followed_by
      from unnest($2::text[]) as u (id)`,
    values: [viewer, users],
  })
  return new Map(rows.map(({ id, following, followed_by }) => [id, { following, followed_by }]))
}

/** Views of people in the order of `ids`; unknown ones are left out. */
export async function userViews(
  o: { pool: Pool; userCache: ViewCache<LiveUserView> },
  ids: readonly string[],
  viewer: string | undefined,
): Promise<LiveUserView[]> {
  if (ids.length === 0) return []
  const views = await o.userCache.many(ids, (missing) => load(o.pool, missing))
  const found = ids.flatMap((id) => views.get(id) ?? [])
  if (viewer === undefined) return found
  const names = found.map(({ details }) => details.id)
  const tagged = found.filter(({ counts }) => counts.tags > 0).map(({ details }) => details.id)
  const [own, relations] = await Promise.all([
    ownLabels(o.pool, viewer, tagged),
    relationshipsOf(o.pool, viewer, names),
  ])
  return found.map((view) => ({
    ...view,
    tags: withOwn(view.tags, view.details.id, own),
    relationship: relations.get(view.details.id) ?? view.relationship,
  }))
}

/** The people somebody mutes. */
export async function mutesOf(pool: Pool, owner: string): Promise<string[]> {
  const { rows } = await pool.query<{ muted: string }>({
    name: 'mutes_of',
    text: 'select muted from mutes where owner = $1 order by indexed_at desc, muted',
    values: [owner],
  })
  return rows.map(({ muted }) => muted)
}

export type FollowList = 'followers' | 'following' | 'friends'

const FOLLOW_LISTS: Record<FollowList, string> = {
  followers: `select follower as id from follows where followed = $1
    order by indexed_at desc, follower offset $2 limit $3`,
  following: `select followed as id from follows where follower = $1
    order by indexed_at desc, followed offset $2 limit $3`,
  friends: `select f.followed as id from follows f
    join follows b on b.follower = f.followed and b.followed = f.follower
    where f.follower = $1
    order by greatest(f.indexed_at, b.indexed_at) desc, f.followed offset $2 limit $3`,
}

/** Newest edge first. */
export async function followList(
  pool: Pool,
  list: FollowList,
  user: string,
  page: { skip: number; limit: number },
): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: `list_${list}`,
    text: FOLLOW_LISTS[list],
    values: [user, page.skip, page.limit],
  })
  return rows.map(({ id }) => id)
}

export async function userExists(pool: Pool, user: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'user_exists',
    text: 'select 1 from users where id = $1',
    values: [user],
  })
  return rowCount === 1
}
