import type { PublicKeyZ32 } from '@pubky/protocol'
import type { FastifyInstance } from 'fastify'
import { refusals } from '../errors.ts'
import { noticesOf } from '../read/notifications.ts'
import type { Reader } from '../read/reader.ts'
import { isTagger, ownLabels, taggersOf, tagsOf, withOwn } from '../read/tag-samples.ts'
import { USER_SOURCES, type UserSource } from '../read/user-streams.ts'
import { type FollowList, followList, relationshipsOf, userExists } from '../read/users.ts'
import { plainUser, type TagDetails, type UserView } from '../read/views.ts'
import * as p from './params.ts'

interface UserRoute {
  Params: { user_id: string; viewer_id: string; label: string }
  Querystring: p.Query
}

async function knownUser(reader: Reader, user: string): Promise<void> {
  if (!(await userExists(reader.pool, user))) throw refusals.userNotFound(user)
}

async function oneUser(reader: Reader, user: string, viewer?: string): Promise<UserView> {
  const [view] = await reader.userViews([user], viewer)
  if (!view) throw refusals.userNotFound(user)
  return plainUser(view)
}

/** Labels given by people whom the viewer trusts. */
export async function trustedTags(
  reader: Reader,
  o: {
    viewer: string
    target: string
    depth: 1 | 2 | 3
    skip: number
    limit: number
    taggers: number
  },
): Promise<TagDetails[]> {
  const target = o.target.includes(':')
    ? { author: o.target.slice(0, 52) as PublicKeyZ32, id: o.target.slice(53) as never }
    : (o.target as PublicKeyZ32)
  const page = { skip: o.skip, limit: o.limit }
  const found = await reader.graph.trustedTaggers(
    o.viewer as PublicKeyZ32,
    target,
    o.depth,
    null,
    page,
  )
  const own = await ownLabels(reader.pool, o.viewer, [o.target])
  const tags = found.map(({ label, taggers, count }) => ({
    label,
    taggers: taggers.slice(0, o.taggers),
    taggers_count: count,
    relationship: false,
  }))
  return withOwn(tags, o.target, own)
}

export function userRoutes(app: FastifyInstance, reader: Reader): void {
  app.get<UserRoute>('/v0/user/:user_id', async ({ params, query }) => {
    const user = p.requiredUser(params.user_id)
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const depth = p.trustDepth(query, viewer)
    const view = await oneUser(reader, user, viewer)
    if (depth === undefined || viewer === undefined) return view
    const tags = await trustedTags(reader, {
      viewer,
      target: user,
      depth,
      skip: 0,
      limit: 5,
      taggers: 5,
    })
    return { ...view, tags }
  })
  app.get<UserRoute>('/v0/user/:user_id/details', async ({ params }) => {
    return (await oneUser(reader, p.requiredUser(params.user_id))).details
  })
  app.get<UserRoute>('/v0/user/:user_id/counts', async ({ params }) => {
    return (await oneUser(reader, p.requiredUser(params.user_id))).counts
  })
  app.get<UserRoute>('/v0/user/:user_id/relationship/:viewer_id', async ({ params }) => {
    const user = p.requiredUser(params.user_id)
    const viewer = p.requiredUser(params.viewer_id)
    await knownUser(reader, user)
    await knownUser(reader, viewer)
    const relations = await relationshipsOf(reader.pool, viewer, [user])
    return relations.get(user) ?? { following: false, followed_by: false }
  })
  app.get<UserRoute>('/v0/user/:user_id/tags', async ({ params, query }) => {
    const user = p.requiredUser(params.user_id)
    const viewer = p.userId(p.one(query, 'viewer_id'))
    const depth = p.trustDepth(query, viewer)
    const page = {
      skip: p.skip(query, 10_000, 'skip_tags'),
      limit: p.limit(query, 5, 100, 'limit_tags'),
      taggers: p.limit(query, 5, 100, 'limit_taggers'),
    }
    await knownUser(reader, user)
    if (depth !== undefined && viewer !== undefined)
      return trustedTags(reader, { viewer, target: user, depth, ...page })
    const tags = await tagsOf(reader.pool, 'user', user, page)
    return viewer === undefined
      ? tags
      : withOwn(tags, user, await ownLabels(reader.pool, viewer, [user]))
  })
  app.get<UserRoute>('/v0/user/:user_id/taggers/:label', async ({ params, query }) => {
    const user = p.requiredUser(params.user_id)
    const label = p.label(params.label)
    const viewer = p.userId(p.one(query, 'viewer_id'))
    p.trustDepth(query, viewer)
    const users = await taggersOf(reader.pool, user, label, {
      skip: p.skip(query),
      limit: p.limit(query, 40, 100),
    })
    return { users, relationship: await isTagger(reader.pool, user, label, viewer) }
  })
  for (const list of ['followers', 'following', 'friends'] as const satisfies FollowList[])
    app.get<UserRoute>(`/v0/user/:user_id/${list}`, async ({ params, query }) => {
      const user = p.requiredUser(params.user_id)
      const page = { skip: p.skip(query), limit: p.limit(query, 50, 200) }
      await knownUser(reader, user)
      return followList(reader.pool, list, user, page)
    })
  app.get<UserRoute>('/v0/user/:user_id/notifications', async ({ params, query }) => {
    const found = await noticesOf(reader.pool, {
      user: p.requiredUser(params.user_id),
      limit: p.limit(query, 20, 100),
      skip: p.skip(query),
      max: p.score(p.one(query, 'start'), 'start'),
      min: p.score(p.one(query, 'end'), 'end'),
    })
    return found.map(({ timestamp, body }) => ({ timestamp, body }))
  })
}

function needs(value: unknown, name: string, source: UserSource): void {
  if (value === undefined)
    throw refusals.invalidInput(`${name} query param must be provided for source '${source}'`)
}

function streamQuery(query: p.Query) {
  const source = p.word(p.one(query, 'source'), USER_SOURCES, 'source') ?? 'followers'
  const user = p.userId(p.one(query, 'user_id'))
  const author = p.userId(p.one(query, 'author_id'))
  const post = p.postId(p.one(query, 'post_id'))
  const reach = p.reach(p.one(query, 'reach'))
  const tags = p.labels(p.one(query, 'tags'))
  if (source === 'influencers' && reach !== undefined && user === undefined) {
    const text =
      "user_id query param must be provided for source 'influencers' when reach is specified"
    throw refusals.invalidInput(text)
  }
  if (['followers', 'following', 'friends', 'recommended'].includes(source))
    needs(user, 'user_id', source)
  if (source === 'post_replies') {
    needs(author, 'author_id', source)
    needs(post, 'post_id', source)
  }
  if (source === 'starter_pack') needs(tags, 'tags', source)
  else if (tags !== undefined)
    throw refusals.invalidInput(
      `tags query param is only supported for source 'starter_pack', not '${source}'`,
    )
  const skip = p.skip(query)
  if (source === 'starter_pack' && skip > 100)
    throw refusals.invalidInput("skip must be at most 100 for source 'starter_pack'")
  return {
    source,
    user,
    viewer: p.userId(p.one(query, 'viewer_id')),
    post: author && post ? `${author}:${post}` : undefined,
    tags,
    reach,
    timeframe: p.timeframe(query),
    preview: p.flag(query, 'preview'),
    skip,
    limit: p.limit(query, 5, 20),
  }
}

export function userStreamRoutes(app: FastifyInstance, reader: Reader): void {
  const views = async (ids: readonly string[], viewer?: string) =>
    (await reader.userViews(ids, viewer)).map(plainUser)
  app.get<{ Querystring: p.Query }>('/v0/stream/users', async ({ query }) => {
    const q = streamQuery(query)
    return views(await reader.users.ids(q), q.viewer)
  })
  app.get<{ Querystring: p.Query }>('/v0/stream/users/ids', ({ query }) =>
    reader.users.ids(streamQuery(query)),
  )
  app.get<{ Querystring: p.Query }>('/v0/stream/users/username', async ({ query }) => {
    const prefix = (p.one(query, 'username') ?? '').trim()
    if (prefix === '') throw refusals.invalidInput('Username cannot be empty')
    const page = { skip: p.skip(query), limit: p.limit(query, 20, 20) }
    const ids = await reader.search.users({ namePrefix: prefix }, page)
    return views(ids, p.userId(p.one(query, 'viewer_id')))
  })
  app.post('/v0/stream/users/by_ids', async ({ body }) => {
    const ids = p.bodyList(body, 'user_ids').map(p.requiredUser)
    return views(ids, p.userId(p.bodyText(body, 'viewer_id')))
  })
}
