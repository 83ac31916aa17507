import type { FastifyInstance } from 'fastify'
import { refusals } from '../errors.ts'
import { filesByUris } from '../read/files.ts'
import { POST_SOURCES, type PostSource, type StreamQuery } from '../read/post-streams.ts'
import type { Reader } from '../read/reader.ts'
import { isTagger, ownLabels, taggersOf, tagsOf, withOwn } from '../read/tag-samples.ts'
import { type PostView, plainPost } from '../read/views.ts'
import * as p from './params.ts'
import { trustedTags } from './users.ts'

interface PostRoute {
  Params: { author_id: string; post_id: string; label: string }
  Querystring: p.Query
}

async function withFiles(reader: Reader, posts: readonly PostView[]): Promise<PostView[]> {
  const uris = posts.flatMap(({ details }) => details.attachments ?? [])
  const files = new Map((await filesByUris(reader.pool, uris)).map((file) => [file.uri, file]))
  return posts.map((post) => {
    const found = (post.details.attachments ?? []).flatMap((uri) => files.get(uri) ?? [])
    return found.length === 0 ? post : { ...post, attachments_metadata: found }
  })
}

async function onePost(
  reader: Reader,
  params: PostRoute['Params'],
  viewer?: string,
): Promise<PostView> {
  const author = p.requiredUser(params.author_id)
  const id = p.requiredPost(params.post_id)
  const [view] = await reader.postViews([`${author}:${id}`], viewer)
  if (!view) throw refusals.postNotFound(author, id)
  return plainPost(view)
}

const keyOf = (params: PostRoute['Params']) =>
  `${p.requiredUser(params.author_id)}:${p.requiredPost(params.post_id)}`

export function postRoutes(app: FastifyInstance, reader: Reader): void {
  app.get<PostRoute>('/v0/post/:author_id/:post_id', async ({ params, query }) => {
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const page = {
      skip: 0,
      limit: p.limit(query, 5, 100, 'limit_tags'),
      taggers: p.limit(query, 5, 100, 'limit_taggers'),
    }
    const includeFiles = p.flag(query, 'include_attachment_metadata')
    const view = await onePost(reader, params, viewer)
    const key = keyOf(params)
    const own =
      viewer === undefined ? new Set<string>() : await ownLabels(reader.pool, viewer, [key])
    const isUsual = page.limit === 5 && page.taggers === 5
    const tags = isUsual
      ? view.tags
      : withOwn(await tagsOf(reader.pool, 'post', key, page), key, own)
    const full = { ...view, tags }
    return includeFiles ? (await withFiles(reader, [full]))[0] : full
  })
  app.get<PostRoute>(
    '/v0/post/:author_id/:post_id/details',
    async ({ params }) => (await onePost(reader, params)).details,
  )
  app.get<PostRoute>(
    '/v0/post/:author_id/:post_id/counts',
    async ({ params }) => (await onePost(reader, params)).counts,
  )
  app.get<PostRoute>('/v0/post/:author_id/:post_id/bookmark', async ({ params, query }) => {
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const { bookmark } = await onePost(reader, params, viewer)
    if (!bookmark) throw refusals.postNotFound(params.author_id, params.post_id)
    return bookmark
  })
  app.get<PostRoute>('/v0/post/:author_id/:post_id/tags', async ({ params, query }) => {
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const depth = p.trustDepth(query, viewer)
    const page = {
      skip: p.skip(query, 10_000, 'skip_tags'),
      limit: p.limit(query, depth === undefined ? 5 : 100, 100, 'limit_tags'),
      taggers: p.limit(query, 5, 100, 'limit_taggers'),
    }
    await onePost(reader, params)
    const key = keyOf(params)
    if (depth !== undefined && viewer !== undefined)
      return trustedTags(reader, { viewer, target: key, depth, ...page })
    const tags = await tagsOf(reader.pool, 'post', key, page)
    return viewer === undefined
      ? tags
      : withOwn(tags, key, await ownLabels(reader.pool, viewer, [key]))
  })
  app.get<PostRoute>('/v0/post/:author_id/:post_id/taggers/:label', async ({ params, query }) => {
    const key = keyOf(params)
    const label = p.label(params.label)
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const users = await taggersOf(reader.pool, key, label, {
      skip: p.skip(query),
      limit: p.limit(query, 40, 100),
    })
    return { users, relationship: await isTagger(reader.pool, key, label, viewer) }
  })
}

const ORDERS = ['descending', 'ascending'] as const
const SORTINGS = ['timeline', 'total_engagement'] as const

function refuse(message: string): never {
  throw refusals.invalidInput(message)
}

function checkCombination(query: p.Query, source: PostSource): void {
  const has = (name: string) => query[name] !== undefined
  if (has('kind') && has('exclude_kinds'))
    refuse('`kind` and `exclude_kinds` are mutually exclusive')
  if (
    (has('kind') || has('exclude_kinds')) &&
    (source === 'post_replies' || source === 'author_replies')
  )
    refuse(
      '`kind` and `exclude_kinds` are not supported with `source=post_replies` or `source=author_replies`',
    )
  if (source !== 'collection') return
  const unsupported = ['tags', 'kind', 'exclude_kinds', 'sorting', 'order', 'start', 'end'].find(
    has,
  )
  if (unsupported) refuse(`\`${unsupported}\` is not supported with \`source=collection\``)
}

function checkNeeded(
  source: PostSource,
  o: { observer: unknown; author: unknown; post: unknown; domainTags: unknown },
): void {
  const needed = (value: unknown, name: string) => {
    if (value === undefined) refuse(`source '${source}' requires '${name}' parameter`)
  }
  const byObserver = ['following', 'followers', 'friends', 'bookmarks', 'wot', 'wot_domain']
  if (byObserver.includes(source)) needed(o.observer, 'observer_id')
  if (source === 'wot_domain') needed(o.domainTags, 'domain_tags')
  if (source === 'post_replies' && (o.author === undefined || o.post === undefined))
    refuse("source 'post_replies' requires both 'post_id' and 'author_id' parameters")
  if (source === 'author' || source === 'author_replies' || source === 'collection')
    needed(o.author, 'author_id')
  if (source === 'collection') needed(o.post, 'post_id')
}

/** Which bounds mean what depends on how the reference answers the same question (spec/nexus.md 1.8). */
function usesIndex(
  source: PostSource,
  q: { kinds: boolean; tags: number; sorting: string },
): boolean {
  if (q.kinds) return false
  if (source === 'all') return q.tags <= 1
  if (source === 'post_replies' || source === 'author_replies') return true
  const listed = ['author', 'following', 'followers', 'friends', 'bookmarks'].includes(source)
  return listed && q.sorting === 'timeline' && q.tags === 0
}

function isAlwaysDescending(source: PostSource, tags: number, index: boolean): boolean {
  if (!index) return false
  return (source === 'all' && tags === 1) || ['following', 'followers', 'friends'].includes(source)
}

type RestStream = StreamQuery & { depth: number; domainTags?: readonly string[] }

function streamQuery(query: p.Query): RestStream {
  const source = p.word(p.one(query, 'source'), POST_SOURCES, 'source') ?? 'all'
  checkCombination(query, source)
  const observer = p.userId(p.one(query, 'observer_id'))
  const author = p.userId(p.one(query, 'author_id'))
  const post = p.postId(p.one(query, 'post_id'))
  const domainTags = p.labels(p.one(query, 'domain_tags'))
  checkNeeded(source, { observer, author, post, domainTags })
  const tags = p.labels(p.one(query, 'tags'))
  const kinds = p.kinds(p.one(query, 'kind'))
  const excludeKinds = p.kinds(p.one(query, 'exclude_kinds'))
  const sorting = p.word(p.one(query, 'sorting'), SORTINGS, 'sorting') ?? 'timeline'
  const order = p.word(p.one(query, 'order'), ORDERS, 'order') ?? 'descending'
  const depth = p.integer(p.one(query, 'depth'), 'depth') ?? 2
  if ((source === 'wot' && (depth < 1 || depth > 3)) || (source === 'wot_domain' && depth > 3))
    refuse("'depth' must be between 1 and 3")
  const index = usesIndex(source, {
    kinds: !!kinds || !!excludeKinds,
    tags: tags?.length ?? 0,
    sorting,
  })
  const ascending = order === 'ascending' && !isAlwaysDescending(source, tags?.length ?? 0, index)
  const start = p.score(p.one(query, 'start'), 'start')
  const end = p.score(p.one(query, 'end'), 'end')
  const flipped = ascending && !index
  return {
    source,
    observer,
    author,
    post: author && post ? `${author}:${post}` : undefined,
    sorting,
    ascending,
    kinds,
    excludeKinds,
    tags,
    viewer: p.userId(p.one(query, 'viewer_id')),
    limit: p.limit(query, 10, 50),
    skip: p.skip(query),
    max: flipped ? end : start,
    min: flipped ? start : end,
    depth,
    ...(domainTags && { domainTags }),
  }
}

export function postStreamRoutes(app: FastifyInstance, reader: Reader): void {
  app.get<{ Querystring: p.Query }>('/v0/stream/posts', async ({ query }) => {
    const q = streamQuery(query)
    const includeFiles = p.flag(query, 'include_attachment_metadata')
    const keys = await reader.postKeys(q)
    const posts = (
      await reader.postViews(
        keys.map(({ key }) => key),
        q.viewer,
      )
    ).map(plainPost)
    return includeFiles ? withFiles(reader, posts) : posts
  })
  app.get<{ Querystring: p.Query }>('/v0/stream/posts/keys', async ({ query }) => {
    const q = streamQuery(query)
    const keys = await reader.postKeys(q)
    const last = q.source === 'collection' ? undefined : keys.at(-1)
    return { post_keys: keys.map(({ key }) => key), last_post_score: last?.score ?? null }
  })
  app.post('/v0/stream/posts/by_ids', async ({ body }) => {
    const keys = p.bodyList(body, 'post_ids').map((text) => {
      const [author = '', id = '', ...more] = text.split(':')
      if (more.length > 0) refuse(`not a post key: ${text.slice(0, 80)}`)
      return `${p.requiredUser(author)}:${p.requiredPost(id)}`
    })
    const viewer = p.userId(p.bodyText(body, 'viewer_id'))
    const posts = (await reader.postViews(keys, viewer)).map(plainPost)
    const includeFiles = (body as Record<string, unknown>).include_attachment_metadata === true
    return includeFiles ? withFiles(reader, posts) : posts
  })
}
