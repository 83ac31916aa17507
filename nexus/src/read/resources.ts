import type { Pool } from 'pg'
import { ownLabels, type TagPage, withOwn } from './tag-samples.ts'
import type { TagDetails } from './views.ts'

/** Something outside of the network that people tagged (spec/nexus.md 1.11). */
export interface ResourceDetails {
  id: string
  uri: string
  scheme: string
  indexed_at: number
}

export interface ResourceView {
  details: ResourceDetails
  tags: TagDetails[]
  taggers_count: number
}

export interface ResourceQuery {
  app?: string | undefined
  labels?: readonly string[] | undefined
  sorting: 'timeline' | 'taggers_count'
  ascending: boolean
  /** The highest score, and the lowest; not looked at with several labels. */
  start?: number | undefined
  end?: number | undefined
  skip: number
  limit: number
}

const VIEW_TAGS: TagPage = { skip: 0, limit: 5, taggers: 3 }

const DETAILS = `select id, uri, scheme, indexed_at from resources where id = any($1::text[])`

export async function resourceDetails(
  pool: Pool,
  ids: readonly string[],
): Promise<Map<string, ResourceDetails>> {
  const { rows } = await pool.query<Omit<ResourceDetails, 'indexed_at'> & { indexed_at: string }>({
    name: 'resource_details',
    text: DETAILS,
    values: [ids],
  })
  return new Map(rows.map((row) => [row.id, { ...row, indexed_at: Number(row.indexed_at) }]))
}

// Apps have edges of their own: a person who said the same in two of them is one tagger.
const TAGS = `select r.id, l.label, l.taggers_count, array(
    select t.tagger from tags t where t.target = r.id and t.label = l.label
    group by t.tagger order by min(t.indexed_at), t.tagger limit $4
  ) as taggers
  from unnest($1::text[]) as r (id) cross join lateral (
    select label, count(distinct tagger)::int as taggers_count from tags where target = r.id
    group by label order by taggers_count desc, label desc offset $2 limit $3
  ) l
  order by l.taggers_count desc, l.label desc`

/** The labels of each resource, those of most people first. */
export async function resourceTags(
  pool: Pool,
  ids: readonly string[],
  page: TagPage,
  viewer: string | undefined,
): Promise<Map<string, TagDetails[]>> {
  const { rows } = await pool.query<Omit<TagDetails, 'relationship'> & { id: string }>({
    name: 'resource_tags',
    text: TAGS,
    values: [ids, page.skip, page.limit, page.taggers],
  })
  const own = viewer === undefined ? new Set<string>() : await ownLabels(pool, viewer, ids)
  const found = new Map<string, TagDetails[]>(ids.map((id) => [id, []]))
  for (const { id, label, taggers, taggers_count } of rows)
    found.get(id)?.push({ label, taggers, taggers_count, relationship: false })
  return new Map([...found].map(([id, tags]) => [id, withOwn(tags, id, own)]))
}

/** Views in the order of `ids`; unknown ones are left out. */
export async function resourceViews(
  pool: Pool,
  ids: readonly string[],
  viewer: string | undefined,
): Promise<ResourceView[]> {
  if (ids.length === 0) return []
  const [details, tags] = await Promise.all([
    resourceDetails(pool, ids),
    resourceTags(pool, ids, VIEW_TAGS, viewer),
  ])
  return ids.flatMap((id) => {
    const found = details.get(id)
    if (!found) return []
    const shown = tags.get(id) ?? []
    const taggers = shown.reduce((sum, { taggers_count }) => sum + taggers_count, 0)
    return [{ details: found, tags: shown, taggers_count: taggers }]
  })
}

const SCORES = {
  timeline: { all: 'tagged_at', some: 'max(t.indexed_at)', several: 'min(r.indexed_at)' },
  taggers_count: { all: 'tags', some: 'count(*)', several: 'count(distinct t.tagger)' },
} as const

/** What people tagged, by the latest tag or by the number of tags. */
export async function resourceKeys(
  pool: Pool,
  q: ResourceQuery,
): Promise<{ id: string; score: number }[]> {
  const isSeveral = (q.labels?.length ?? 0) > 1
  const isAll = q.app === undefined && !q.labels
  const score = SCORES[q.sorting][isAll ? 'all' : isSeveral ? 'several' : 'some']
  const direction = q.ascending ? 'asc' : 'desc'
  const scored = isAll
    ? `select id, ${score}::bigint as score from resources`
    : `select t.target as id, ${score}::bigint as score
       from tags t join resources r on r.id = t.target
       where t.target_kind = 2 and ($3::text is null or t.app = $3)
         and ($4::text[] is null or t.label = any($4))
       group by t.target`
  const { rows } = await pool.query<{ id: string; score: string }>(
    `select id, score from (${scored}) s where score <= $1 and score >= $2
     order by score ${direction}, id ${direction} offset $${isAll ? 3 : 5} limit $${isAll ? 4 : 6}`,
    [
      isSeveral ? Number.MAX_SAFE_INTEGER : Math.floor(q.start ?? Number.MAX_SAFE_INTEGER),
      isSeveral ? 0 : Math.ceil(q.end ?? 0),
      ...(isAll ? [] : [q.app ?? null, q.labels ?? null]),
      q.skip,
      q.limit,
    ],
  )
  return rows.map((row) => ({ id: row.id, score: Number(row.score) }))
}
