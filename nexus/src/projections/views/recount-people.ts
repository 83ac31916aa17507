import { rowsOf, type Tx } from './sql.ts'
import { SUMS, type Sums, type Touched } from './touched.ts'

type Group = keyof Touched['people']

/** For each group of counters: the columns, and how they are counted for one person `k.id`. */
const COUNTS: Record<Group, { columns: readonly string[]; count: string }> = {
  tags: {
    columns: ['tags', 'unique_tags'],
    count: `select count(*)::int as tags, count(distinct label)::int as unique_tags
      from tags where target = k.id`,
  },
  friends: {
    columns: ['friends'],
    count: `select count(*)::int as friends from follows a
      join follows b on b.follower = a.followed and b.followed = a.follower
      where a.follower = k.id`,
  },
  bookmarks: {
    columns: ['bookmarks'],
    count: `select count(*)::int as bookmarks from bookmarks b
      left join posts p on p.key = b.post_key
      where b.owner = k.id and p.kind is distinct from 'collection'`,
  },
}

const COLUMNS = ['user_id', ...SUMS, ...Object.values(COUNTS).flatMap(({ columns }) => columns)]
const RETURNED = COLUMNS.map((name) => `c.${name}`).join(', ')

/** Everything that is counted of one person. */
export interface CountedPerson {
  id: string
  counts: Record<string, number>
}

function statement({ columns, count }: (typeof COUNTS)[Group]): string {
  const set = columns.map((name) => `${name} = excluded.${name}`).join(', ')
  const mine = columns.map((name) => `c.${name}`).join(', ')
  const theirs = columns.map((name) => `excluded.${name}`).join(', ')
  return `insert into user_counts as c (user_id, ${columns.join(', ')})
    select k.id, ${columns.map((name) => `n.${name}`).join(', ')}
    from unnest($1::text[]) as k (id) cross join lateral (${count}) n
    on conflict (user_id) do update set ${set}
    where (${mine}) is distinct from (${theirs})
    returning ${RETURNED}`
}

const STATEMENTS = Object.entries(COUNTS).map(([group, counts]) => ({
  group: group as Group,
  text: statement(counts),
}))

// Not an upsert: it would try the rows with fewer of something first, and nobody has less than nothing.
const ADD = `with given as (
    select d.*, c.place
    from json_to_recordset($1::json) as d (id text, ${SUMS.map((name) => `${name} int`).join(', ')})
    left join lateral (select ctid as place from user_counts c where c.user_id = d.id limit 1) c on true
  ), changed as (
    update user_counts c set ${SUMS.map((name) => `${name} = c.${name} + d.${name}`).join(', ')}
    from given d where c.ctid = d.place
    returning ${RETURNED}
  ), added as (
    insert into user_counts as c (user_id, ${SUMS.join(', ')})
    select id, ${SUMS.join(', ')} from given where place is null
    returning ${RETURNED}
  )
  select * from changed union all select * from added`

async function addUp(tx: Tx, sums: ReadonlyMap<string, Sums>): Promise<CountsRow[]> {
  const rows = [...sums].flatMap(([id, sum]) =>
    SUMS.some((name) => sum[name] !== 0) ? [{ id, ...sum }] : [],
  )
  return rows.length === 0
    ? []
    : rowsOf<CountsRow>(tx, 'add_up_people', ADD, [JSON.stringify(rows)])
}

const BOOKMARKERS = 'select distinct owner from bookmarks where post_key = any($1::text[])'

/** Counts again what was touched. Resolves to the people whose counters changed. */
export async function recountPeople(tx: Tx, touched: Touched): Promise<CountedPerson[]> {
  const { people, collections } = touched
  if (collections.size > 0) {
    const rows = await rowsOf<{ owner: string }>(tx, 'bookmarkers', BOOKMARKERS, [[...collections]])
    for (const { owner } of rows) people.bookmarks.add(owner)
  }
  const counted = await Promise.all([
    addUp(tx, touched.sums),
    ...STATEMENTS.map(async ({ group, text }) => {
      const ids = [...people[group]]
      return ids.length === 0 ? [] : rowsOf<CountsRow>(tx, `recount_people_${group}`, text, [ids])
    }),
  ])
  // The statements ran one after another: the last row of a person says all.
  const last = new Map<string, Record<string, number>>()
  for (const { user_id: id, ...counts } of counted.flat()) last.set(id, counts)
  return [...last].map(([id, counts]) => ({ id, counts }))
}

type CountsRow = { user_id: string } & Record<string, number>

const REMOVE_LABELS = `delete from user_labels l
  using unnest($1::text[]) as k (id)
  where l.user_id = k.id
    and not exists (select from tags t where t.target = l.user_id and t.label = l.label)`

const WRITE_LABELS = `insert into user_labels as l (user_id, label, taggers)
  select t.target, t.label, count(*) from unnest($1::text[]) as k (id) join tags t on t.target = k.id
  group by t.target, t.label
  on conflict (user_id, label) do update set taggers = excluded.taggers
  where l.taggers <> excluded.taggers`

/** Brings the label lists of these people in line with the tags on them. */
export async function relabelPeople(tx: Tx, ids: ReadonlySet<string>): Promise<void> {
  if (ids.size === 0) return
  await Promise.all([
    rowsOf(tx, 'remove_user_labels', REMOVE_LABELS, [[...ids]]),
    rowsOf(tx, 'write_user_labels', WRITE_LABELS, [[...ids]]),
  ])
}

const REMOVE_RESOURCES = `delete from resources r using unnest($1::text[]) as k (id)
  where r.id = k.id and not exists (select from tags t where t.target = r.id)`

const WRITE_RESOURCES = `insert into resources as r (id, uri, scheme, indexed_at, tagged_at, tags)
  select k.id, k.uri, split_part(k.uri, ':', 1), min(t.indexed_at), max(t.indexed_at), count(*)
  from unnest($1::text[], $2::text[]) as k (id, uri) join tags t on t.target = k.id
  group by k.id, k.uri
  on conflict (id) do update set
    indexed_at = excluded.indexed_at, tagged_at = excluded.tagged_at, tags = excluded.tags
  where (r.indexed_at, r.tagged_at, r.tags)
    is distinct from (excluded.indexed_at, excluded.tagged_at, excluded.tags)`

/** Resources exist while they are tagged. */
export async function recountResources(
  tx: Tx,
  resources: ReadonlyMap<string, string>,
): Promise<void> {
  if (resources.size === 0) return
  const ids = [...resources.keys()]
  await Promise.all([
    rowsOf(tx, 'remove_resources', REMOVE_RESOURCES, [ids]),
    rowsOf(tx, 'write_resources', WRITE_RESOURCES, [ids, [...resources.values()]]),
  ])
}
