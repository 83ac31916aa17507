import { MAX_HOP, type Reach } from '../social-graph.ts'

const ONE_HOP = {
  followers: `select follower as id, at_ms, 1 as hops from graph_follows
    where followed = $1 and follower <> $1`,
  following: `select followed as id, at_ms, 1 as hops from graph_follows
    where follower = $1 and followed <> $1`,
  friends: `select f.followed as id, greatest(f.at_ms, b.at_ms) as at_ms, 1 as hops
    from graph_follows f
    join graph_follows b on b.follower = f.followed and b.followed = f.follower
    where f.follower = $1 and f.followed <> $1`,
} as const

/** The order of every list of people in reach. */
export const NEAREST_FIRST = 'hops, at_ms desc, id'

/** Common table expressions that end with `reach (id, at_ms, hops)` of the person in $1. */
export function reachOf(reach: Reach): string {
  if (reach.kind !== 'wot') return `reach as (${ONE_HOP[reach.kind]})`
  const hops = Array.from({ length: reach.depth }, (_, index) => index + 1)
  const tables = hops.map((hop) => (hop === 1 ? `hop1 as (${ONE_HOP.following})` : nextHop(hop)))
  const union = hops.map((hop) => `select id, at_ms, hops from hop${hop}`).join(' union all ')
  return `${tables.join(', ')}, reach as (${union})`
}

function nextHop(hop: number): string {
  const before = Array.from({ length: hop - 1 }, (_, index) => `hop${index + 1}`)
  const known = before
    .map((table) => `and not exists (select from ${table} k where k.id = f.followed)`)
    .join(' ')
  return `from${hop} as (
      select id from hop${hop - 1} order by at_ms desc, id limit ${MAX_HOP}
    ), hop${hop} as (
      select f.followed as id, max(f.at_ms) as at_ms, ${hop} as hops
      from from${hop} p join graph_follows f on f.follower = p.id
      where f.followed <> $1 ${known}
      group by f.followed
    )`
}
