import type { Reach } from '../social-graph.ts'
import { reachOf } from './reach.ts'

/** $1 the person or null, $2 and $3 the window, $4 limit, $5 skip, $6 taggers of each label. */
export function hotTags(reach: Reach | null): string {
  const within = reach ? `, ${reachOf(reach)}` : ''
  const among = reach ? 'and t.tagger in (select id from reach)' : 'and $1::text is null'
  return `
  with unused as (select 1)${within},
  edges as (
    select t.label, t.target, t.tagger, t.at_ms from graph_tags t
    join graph_posts p on p.key = t.target
    where t.of_post and t.at_ms >= $2 and t.at_ms < $3 ${among}
  ), labels as (
    select label, count(distinct target) as tagged, count(distinct tagger) as taggers_count
    from edges group by label order by tagged desc, label limit $4 offset $5
  ), ranked as (
    select label, tagger, row_number() over (partition by label order by max(at_ms) desc, tagger) as place
    from edges join labels using (label) group by label, tagger
  )
  select label, tagged::int, taggers_count::int,
    coalesce(array_agg(tagger order by place) filter (where place <= $6), '{}') as taggers
  from labels join ranked using (label) group by label, tagged, taggers_count
  order by tagged desc, label`
}
