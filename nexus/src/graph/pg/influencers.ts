import type { Reach } from '../social-graph.ts'
import { reachOf } from './reach.ts'

/** $1 the person or null, $2 and $3 the window, $4 limit, $5 skip. */
export function influencers(reach: Reach | null): string {
  const within = reach ? `, ${reachOf(reach)}` : ''
  const among = (column: string) =>
    reach ? `and ${column} in (select id from reach)` : 'and $1::text is null'
  const followers = reach
    ? 'select followed as id, count(*) as n from graph_follows where followed in (select id from reach)'
    : 'select followed as id, count(*) as n from graph_follows where at_ms >= $2 and at_ms < $3'
  return `
  with unused as (select 1)${within},
  given as (
    select tagger as id, count(*) as n from graph_tags
    where of_post and at_ms >= $2 and at_ms < $3 ${among('tagger')} group by tagger
  ), written as (
    select author as id, count(*) as n from graph_posts
    where at_ms >= $2 and at_ms < $3 ${among('author')} group by author
  ), followers as (${followers} group by followed)
  select followers.id, (coalesce(given.n, 0) + coalesce(written.n, 0)) * sqrt(followers.n) as score
  from followers
  join graph_users u on u.id = followers.id
  left join given on given.id = followers.id
  left join written on written.id = followers.id
  where coalesce(given.n, 0) + coalesce(written.n, 0) > 0
  order by score desc, followers.id limit $4 offset $5`
}
