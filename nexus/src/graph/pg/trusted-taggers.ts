import { reachOf } from './reach.ts'

/** $1 the viewer, $2 the target, $3 limit, $4 skip. */
export function trustedLabels(depth: 1 | 2 | 3): string {
  return `
  with ${reachOf({ kind: 'wot', depth })}
  select label, count(*)::int as count,
    array_agg(tagger order by at_ms desc, tagger) as taggers
  from graph_tags t where target = $2 and tagger in (select id from reach)
  group by label order by count desc, label limit $3 offset $4`
}

/** As above, and $5 the label: a page of its taggers. */
export function trustedTaggersOfLabel(depth: 1 | 2 | 3): string {
  return `
  with ${reachOf({ kind: 'wot', depth })},
  trusted as (
    select tagger, at_ms from graph_tags
    where target = $2 and label = $5 and tagger in (select id from reach)
  )
  select $5 as label, (select count(*)::int from trusted) as count, array(
    select tagger from trusted order by at_ms desc, tagger limit $3 offset $4
  ) as taggers
  where exists (select from trusted)`
}
