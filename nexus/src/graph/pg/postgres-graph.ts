import type { Label, PostKey } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import { createPosition } from '../../projections/position.ts'
import type {
  GraphOp,
  HotLabel,
  Page,
  Reach,
  Scored,
  SocialGraph,
  TrustedLabel,
  Window,
} from '../social-graph.ts'
import { applyOps, targetText } from './apply.ts'
import { hotTags } from './hot-tags.ts'
import { influencers } from './influencers.ts'
import { shortestPath } from './path.ts'
import { NEAREST_FIRST, reachOf } from './reach.ts'
import { RECOMMENDED } from './recommended.ts'
import { trustedLabels, trustedTaggersOfLabel } from './trusted-taggers.ts'

export const GRAPH_VERSION = 2
const TABLES =
  'graph_users, graph_posts, graph_mentions, graph_follows, graph_tags, graph_bookmarks'

/** The social graph in adjacency tables. The caller owns the pools: of questions, and of what is applied. */
export function createPostgresGraph(pool: Pool, applying = pool): SocialGraph {
  const place = createPosition(applying, {
    name: 'graph',
    version: GRAPH_VERSION,
    clear: (client) => client.query(`truncate ${TABLES}`),
  })

  async function scored(sql: string, values: unknown[]): Promise<Scored[]> {
    const { rows } = await pool.query<{ id: PublicKeyZ32; score: number }>(sql, values)
    return rows.map(({ id, score }) => ({ user: id, score }))
  }

  return {
    position: place.read,
    reset: place.reset,
    apply: ({ position, ops }: { position: bigint; ops: readonly GraphOp[] }) =>
      place.advance(position, (client) => applyOps(client, ops)),

    async reach(user: PublicKeyZ32, r: Reach, { skip = 0, limit }: Page) {
      const { rows } = await pool.query<{ id: PublicKeyZ32 }>(
        `with ${reachOf(r)} select id from reach order by ${NEAREST_FIRST} limit $2 offset $3`,
        [user, limit, skip],
      )
      return rows.map(({ id }) => id)
    },

    async relation(viewer: PublicKeyZ32, users: readonly PublicKeyZ32[]) {
      const { rows } = await pool.query<{ following: boolean; followedBy: boolean }>(
        `select
           exists (select from graph_follows where follower = $1 and followed = u.id) as following,
           exists (select from graph_follows where follower = u.id and followed = $1) as "followedBy"
         from unnest($2::text[]) with ordinality as u (id, at) order by at`,
        [viewer, users],
      )
      return rows
    },

    recommended: (user: PublicKeyZ32, { skip = 0, limit }: Page) =>
      scored(RECOMMENDED, [user, limit, skip]),

    influencers: ({ window, within, skip = 0, limit }) =>
      scored(influencers(within?.reach ?? null), [
        within?.user ?? null,
        ...bounds(window),
        limit,
        skip,
      ]),

    async hotTags({ window, within, taggersLimit, skip = 0, limit }) {
      const { rows } = await pool.query<{
        label: Label
        tagged: number
        taggers_count: number
        taggers: PublicKeyZ32[]
      }>(hotTags(within?.reach ?? null), [
        within?.user ?? null,
        ...bounds(window),
        limit,
        skip,
        taggersLimit,
      ])
      return rows.map(
        ({ label, tagged, taggers_count: taggersCount, taggers }): HotLabel => ({
          label,
          tagged,
          taggersCount,
          taggers,
        }),
      )
    },

    async trustedTaggers(
      viewer: PublicKeyZ32,
      target: PublicKeyZ32 | PostKey,
      depth: 1 | 2 | 3,
      label: Label | null,
      { skip = 0, limit }: Page,
    ) {
      const values = [viewer, targetText(target), limit, skip]
      const { rows } =
        label === null
          ? await pool.query<TrustedLabel>(trustedLabels(depth), values)
          : await pool.query<TrustedLabel>(trustedTaggersOfLabel(depth), [...values, label])
      return rows
    },

    path: async (from: PublicKeyZ32, to: PublicKeyZ32, maxDepth: number) =>
      (await shortestPath(pool, from, to, maxDepth)) as PublicKeyZ32[] | null,

    async [Symbol.asyncDispose]() {},
  }
}

/** Windows may be open: the numbers of the database end before those of JavaScript. */
function bounds({ fromMs, toMs }: Window): [number, number] {
  const clamp = (ms: number) =>
    Math.trunc(Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, ms)))
  return [clamp(fromMs), clamp(toMs)]
}
