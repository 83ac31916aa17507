import { rowsOf, type Tx } from './sql.ts'

/** A post that was counted again, with what it was before. */
export interface CountedPost {
  key: string
  author: string
  parent_key: string | null
  repost_key: string | null
  indexed_at: string
  deleted: boolean
  was_visible: boolean
  visible: boolean
  tags: number
  unique_tags: number
  replies: number
  reposts: number
  counts_changed: boolean
  had_labels: boolean
}

// A deleted post shows while somebody else's live post, tag or bookmark refers to it.
// To plan it costs more than to run it. The number of keys is the same guess for every plan, so that one
// is kept; look-ups are lateral, so that it stays right however large the table grows.
const RECOUNT = `with old as (
    select p.* from json_array_elements_text($1::json) as k (key)
    cross join lateral (select p.ctid as place, p.* from posts p where p.key = k.key limit 1) p
  ), new as (
    select o.key, t.tags, t.unique_tags, r.replies, q.reposts, not o.deleted
      or exists (select from posts x where x.parent_key = o.key and not x.deleted and x.author <> o.author)
      or exists (select from posts x where x.repost_key = o.key and not x.deleted and x.author <> o.author)
      or exists (select from tags x where x.target = o.key and x.tagger <> o.author)
      or exists (select from bookmarks x where x.post_key = o.key and x.owner <> o.author)
      as visible
    from old o
    cross join lateral (
      select count(*)::int as tags, count(distinct label)::int as unique_tags
      from tags where target = o.key
    ) t
    cross join lateral (
      select count(*)::int as replies from posts x where x.parent_key = o.key and not x.deleted
    ) r
    cross join lateral (
      select count(*)::int as reposts from posts x where x.repost_key = o.key and not x.deleted
    ) q
  ), judged as (
    select o.place, o.key, o.author, o.parent_key, o.repost_key, o.indexed_at, o.deleted,
      o.visible as was_visible, n.visible, n.tags, n.unique_tags, n.replies, n.reposts,
      (o.tags, o.unique_tags, o.replies, o.reposts)
        is distinct from (n.tags, n.unique_tags, n.replies, n.reposts) as counts_changed,
      o.tags > 0 as had_labels
    from old o join new n on n.key = o.key
  ), written as (
    update posts p set visible = b.visible, tags = b.tags, unique_tags = b.unique_tags,
      replies = b.replies, reposts = b.reposts
    from judged b
    where p.ctid = b.place and (b.counts_changed or b.visible <> b.was_visible)
  )
  select key, author, parent_key, repost_key, indexed_at, deleted, was_visible, visible, tags, unique_tags,
    replies, reposts, counts_changed, had_labels from judged`

/** Counts what refers to these posts and decides whether they show. */
export async function recountPosts(tx: Tx, keys: Iterable<string>): Promise<CountedPost[]> {
  const wanted = [...keys]
  if (wanted.length === 0) return []
  return rowsOf<CountedPost>(tx, 'recount_posts', RECOUNT, [JSON.stringify(wanted)])
}

const REMOVE_LABELS = `delete from post_labels l
  using unnest($1::text[]) as k (key)
  where l.post_key = k.key and not exists (
    select from tags t join posts p on p.key = t.target
    where t.target = l.post_key and t.label = l.label and p.visible
  )`

const WRITE_LABELS = `insert into post_labels as l
    (post_key, label, taggers, is_reply, indexed_at, engagement)
  select p.key, t.label, count(*), p.parent_key is not null, p.indexed_at, p.engagement
  from unnest($1::text[]) as k (key)
  join posts p on p.key = k.key and p.visible
  join tags t on t.target = p.key
  group by p.key, t.label
  on conflict (post_key, label) do update set
    taggers = excluded.taggers, is_reply = excluded.is_reply,
    indexed_at = excluded.indexed_at, engagement = excluded.engagement
  where (l.taggers, l.is_reply, l.indexed_at, l.engagement)
    is distinct from (excluded.taggers, excluded.is_reply, excluded.indexed_at, excluded.engagement)`

/** Brings the label lists of these posts in line with their tags; the posts are counted already. */
export async function relabelPosts(tx: Tx, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await Promise.all([
    rowsOf(tx, 'remove_post_labels', REMOVE_LABELS, [keys]),
    rowsOf(tx, 'write_post_labels', WRITE_LABELS, [keys]),
  ])
}
