import { postKeyText, toPostKind } from '@pubky/app-specs'
import type { FastifyInstance } from 'fastify'
import { refusals } from '../errors.ts'
import type { Reader } from '../read/reader.ts'
import * as p from './params.ts'

interface Prefixed {
  Params: { prefix: string; tag: string }
  Querystring: p.Query
}

const SORTINGS = ['timeline', 'total_engagement'] as const

/** A query as the reference splits it: at most 4 terms of 2 to 30 characters in all (spec/nexus.md 1.2). */
function contentQuery(query: p.Query): string {
  const text = (p.one(query, 'q') ?? '').trim()
  const length = [...text].length
  if (length < 2 || length > 30) throw refusals.invalidInput('q must have 2 to 30 characters')
  if (text.split(/\s+/).length > 4) throw refusals.invalidInput('q must have at most 4 terms')
  return text
}

export function searchRoutes(app: FastifyInstance, reader: Reader): void {
  const { search, pool } = reader
  app.get<Prefixed>('/v0/search/users/by_name/:prefix', async ({ params, query }) => {
    const namePrefix = params.prefix.trim()
    if (namePrefix === '') throw refusals.invalidInput('Username cannot be empty')
    return search.users({ namePrefix }, { skip: p.skip(query), limit: p.limit(query, 50, 200) })
  })
  app.get<Prefixed>('/v0/search/users/by_id/:prefix', async ({ params, query }) => {
    const idPrefix = params.prefix.trim()
    if ([...idPrefix].length < 3) throw refusals.invalidInput('ID prefix must be at least 3 chars')
    return search.users({ idPrefix }, { skip: p.skip(query), limit: p.limit(query, 50, 200) })
  })
  app.get<Prefixed>('/v0/search/users/by_tags', async ({ query }) => {
    const labels = p.labels(p.one(query, 'tags'))
    if (!labels) throw refusals.invalidInput('missing field `tags`')
    const page = { skip: p.skip(query), limit: p.limit(query, 20, 200) }
    const found = await search.usersByTags(labels as never, page)
    return found.map(({ user, score }) => ({ user_id: user, score }))
  })
  app.get<Prefixed>('/v0/search/posts/by_tag/:tag', async ({ params, query }) => {
    const label = p.label(params.tag)
    const sorting = p.word(p.one(query, 'sorting'), SORTINGS, 'sorting') ?? 'timeline'
    const column = sorting === 'timeline' ? 'indexed_at' : 'engagement'
    const { rows } = await pool.query<{ key: string; score: string }>(
      `select post_key as key, ${column}::bigint as score from post_labels
       where label = $1 and ${column} <= $2 and ${column} >= $3
       order by ${column} desc, post_key desc offset $4 limit $5`,
      [
        label,
        Math.floor(p.score(p.one(query, 'start'), 'start') ?? 2_000_000_000_000),
        Math.ceil(p.score(p.one(query, 'end'), 'end') ?? 0),
        p.skip(query),
        p.limit(query, 20, 200),
      ],
    )
    return rows.map(({ key, score }) => ({ post_key: key, score: Number(score) }))
  })
  app.get<Prefixed>('/v0/search/posts/by_content', async ({ query }) => {
    const author = p.userId(p.one(query, 'author'))
    const kind = p.one(query, 'kind')
    const found = await search.posts({
      text: contentQuery(query),
      ...(author && { author: author as never }),
      ...(kind !== undefined && { kind: toPostKind(kind) }),
      skip: p.skip(query, 1000),
      limit: p.limit(query, 20, 100),
    })
    return found.map(({ post, score }) => ({ post_key: postKeyText(post), score }))
  })
  app.get<Prefixed>('/v0/search/tags/by_prefix/:prefix', ({ params, query }) =>
    search.labels(p.label(params.prefix), { skip: p.skip(query), limit: p.limit(query, 20, 100) }),
  )
}

export function tagRoutes(app: FastifyInstance, reader: Reader): void {
  app.get<{ Querystring: p.Query }>('/v0/tags/hot', async ({ query }) => {
    const user = p.userId(p.one(query, 'user_id'))
    const reach = p.reach(p.one(query, 'reach'))
    if ((user === undefined) !== (reach === undefined))
      throw refusals.invalidInput('user_id and reach should be both provided together')
    return reader.hotTags({
      timeframe: p.timeframe(query),
      within: user && reach ? { user, reach } : undefined,
      taggersLimit: p.limit(query, 20, 20, 'taggers_limit'),
      skip: p.skip(query),
      limit: p.limit(query, 40, 40),
    })
  })
  app.get<{ Params: { label: string }; Querystring: p.Query }>(
    '/v0/tags/taggers/:label',
    async ({ params, query }) => {
      const label = p.label(params.label)
      const user = p.userId(p.one(query, 'user_id'))
      const reach = p.reach(p.one(query, 'reach'))
      if ((user === undefined) !== (reach === undefined))
        throw refusals.invalidInput('user_id and reach should be both provided together')
      const people =
        user && reach ? await reader.graph.reach(user as never, reach, { limit: 5000 }) : null
      const { rows } = await reader.pool.query<{ tagger: string }>(
        `select tagger from tags where label = $1 and target_kind = 0 and ($2::text[] is null or tagger = any($2))
       group by tagger order by max(indexed_at) desc, tagger offset $3 limit $4`,
        [label, people, p.skip(query), p.limit(query, 20, 20)],
      )
      return rows.map(({ tagger }) => tagger)
    },
  )
  app.get<{ Params: { tagger_id: string; tag_id: string } }>(
    '/v0/tags/:tagger_id/:tag_id',
    async ({ params }) => {
      const tagger = p.requiredUser(params.tagger_id)
      const { rows } = await reader.pool.query<{ uri: string; label: string; indexed_at: string }>(
        `select o.doc ->> 'uri' as uri, t.label, t.indexed_at from tags t
       join objects o on o.owner = t.tagger and o.path = t.path
       where t.tagger = $1 and t.id = $2 and t.target_kind <> 2 limit 1`,
        [tagger, params.tag_id],
      )
      const row = rows[0]
      if (!row) throw refusals.tagNotFound(tagger, params.tag_id)
      return { uri: row.uri, label: row.label, indexed_at: Number(row.indexed_at) }
    },
  )
}
