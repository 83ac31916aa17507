import type { Pool } from 'pg'
import type { TagDetails } from './views.ts'

export interface TagPage {
  skip: number
  limit: number
  taggers: number
}

/** What fits into a view (spec/nexus.md 1.3). */
export const VIEW_TAGS: TagPage = { skip: 0, limit: 5, taggers: 5 }

const TABLES = {
  post: { table: 'post_labels', column: 'post_key' },
  user: { table: 'user_labels', column: 'user_id' },
} as const

/** SQL of the labels of `target`, as a JSON list in the order of TagDetails. */
export function labelsSql(of: keyof typeof TABLES, target: string, page: TagPage): string {
  const { table, column } = TABLES[of]
  return `(select coalesce(json_agg(json_build_object(
      'label', l.label, 'taggers', array(
        select t.tagger from tags t where t.target = ${target} and t.label = l.label
        order by t.indexed_at, t.tagger limit ${page.taggers}
      ), 'taggers_count', l.taggers, 'relationship', false) order by l.taggers desc, l.label desc), '[]')
    from (select label, taggers from ${table} where ${column} = ${target}
      order by taggers desc, label desc offset ${page.skip} limit ${page.limit}) l)`
}

/** Labels of one post or person. */
export async function tagsOf(
  pool: Pool,
  of: keyof typeof TABLES,
  target: string,
  page: TagPage,
): Promise<TagDetails[]> {
  const { rows } = await pool.query<{ tags: TagDetails[] }>(
    `select ${labelsSql(of, '$1', page)} as tags`,
    [target],
  )
  return rows[0]?.tags ?? []
}

/** Which labels of which targets the viewer gave, as `target label`. */
export async function ownLabels(
  pool: Pool,
  viewer: string,
  targets: readonly string[],
): Promise<Set<string>> {
  if (targets.length === 0) return new Set()
  const { rows } = await pool.query<{ target: string; label: string }>({
    name: 'own_labels',
    text: 'select target, label from tags where target = any($1) and tagger = $2',
    values: [targets, viewer],
  })
  return new Set(rows.map(({ target, label }) => `${target} ${label}`))
}

export function withOwn(
  tags: readonly TagDetails[],
  target: string,
  own: ReadonlySet<string>,
): TagDetails[] {
  return tags.map((tag) => ({ ...tag, relationship: own.has(`${target} ${tag.label}`) }))
}

/** Everybody who gave a label to a post or person, the earliest first. */
export async function taggersOf(
  pool: Pool,
  target: string,
  label: string,
  page: { skip: number; limit: number },
): Promise<string[]> {
  const { rows } = await pool.query<{ tagger: string }>({
    name: 'taggers',
    text: `select tagger from tags where target = $1 and label = $2
      group by tagger order by min(indexed_at), tagger offset $3 limit $4`,
    values: [target, label, page.skip, page.limit],
  })
  return rows.map(({ tagger }) => tagger)
}

export async function isTagger(
  pool: Pool,
  target: string,
  label: string,
  viewer: string | undefined,
): Promise<boolean> {
  if (viewer === undefined) return false
  return (await ownLabels(pool, viewer, [target])).has(`${target} ${label}`)
}
