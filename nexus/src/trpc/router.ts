import { postKeyText } from '@pubky/app-specs'
import { parseStrictPath, toBase64, toBase64Url } from '@pubky/protocol'
import { TRPCError, tracked } from '@trpc/server'
import * as v from 'valibot'
import { filesByUris } from '../read/files.ts'
import { actorOf, noticesOf, postsOf, unreadCount } from '../read/notifications.ts'
import { mutesOf } from '../read/users.ts'
import { reach as toReach } from '../rest/params.ts'
import { procedure, router } from './context.ts'
import * as i from './input.ts'
import { userRouter, usersRouter } from './people.ts'
import { companions, postRouter, postsRouter } from './posts.ts'

const noticePlace = v.object({ at: v.number(), position: v.string(), ordinal: v.number() })

const notifications = router({
  list: procedure
    .input(v.object({ userId: i.user, limit: i.limit(30, 100), cursor: i.cursor }))
    .query(async ({ ctx, input }) => {
      const after = i.decodeCursor(noticePlace, input.cursor) ?? undefined
      const found = await noticesOf(ctx.reader.pool, {
        user: input.userId,
        limit: input.limit + 1,
        after,
      })
      const page = found.slice(0, input.limit)
      const keys = page.flatMap(postsOf).flatMap((uri) => {
        const [, author, id] =
          /^pubky:\/\/([a-z0-9]{52})\/pub\/pubky\.app\/posts\/([0-9A-Za-z]{13})$/.exec(uri) ?? []
        return author && id ? [`${author}:${id}`] : []
      })
      const actors = page.flatMap((one) => actorOf(one) ?? [])
      const posts = await ctx.reader.postViews([...new Set(keys)], input.userId)
      const around = await companions(ctx.reader, posts, input.userId)
      const users = await ctx.reader.userViews([...new Set(actors)], input.userId)
      const known = new Set(users.map(({ details }) => details.id))
      const last = page.at(-1)
      return {
        items: page.map(({ timestamp, body }) => ({ timestamp, body })),
        posts: [...posts, ...around.embedded],
        users: [...users, ...around.users.filter(({ details }) => !known.has(details.id))],
        cursor: found.length > input.limit && last ? i.encodeCursor(last.place) : null,
      }
    }),
  unread: procedure
    .input(v.object({ userId: i.user }))
    .query(({ ctx, input }) => unreadCount(ctx.reader.pool, input.userId)),
})

const search = router({
  posts: procedure
    .input(
      v.object({
        q: v.pipe(v.string(), v.maxLength(200)),
        viewerId: i.viewer,
        skip: i.skip,
        limit: i.limit(20, 50),
      }),
    )
    .query(async ({ ctx, input }) => {
      const { reader } = ctx
      const found = await reader.search.posts({
        text: input.q,
        skip: input.skip,
        limit: input.limit,
      })
      const views = await reader.postViews(
        found.map(({ post }) => postKeyText(post)),
        input.viewerId,
      )
      const muted = new Set(input.viewerId ? await mutesOf(reader.pool, input.viewerId) : [])
      const items = views.filter(({ details, deleted }) => !deleted && !muted.has(details.author))
      return { items, ...(await companions(reader, items, input.viewerId)) }
    }),
  users: procedure
    .input(
      v.object({
        q: v.pipe(v.string(), v.maxLength(100)),
        viewerId: i.viewer,
        limit: i.limit(10, 50),
      }),
    )
    .query(async ({ ctx, input }) => {
      const text = input.q.trim().replace(/^@/, '')
      if (text === '') return []
      const key = text.replace(/^(?:pubky|pk:)(?=[a-z0-9])/, '')
      const page = { limit: input.limit }
      const [byName, byId] = await Promise.all([
        ctx.reader.search.users({ namePrefix: text }, page),
        key.length >= 3 ? ctx.reader.search.users({ idPrefix: key }, page) : [],
      ])
      const muted = new Set(input.viewerId ? await mutesOf(ctx.reader.pool, input.viewerId) : [])
      const ids = [...new Set([...byName, ...byId])].filter((id) => !muted.has(id))
      return ctx.reader.userViews(ids.slice(0, input.limit), input.viewerId)
    }),
  tags: procedure
    .input(v.object({ prefix: i.label, limit: i.limit(10, 50) }))
    .query(({ ctx, input }) => ctx.reader.search.labels(input.prefix, { limit: input.limit })),
})

const liveInput = v.object({
  viewer: i.viewer,
  authors: v.optional(
    v.pipe(
      v.array(i.user),
      v.maxLength(500),
      v.transform((list) => new Set(list)),
    ),
  ),
  source: v.picklist(['all', 'following', 'friends', 'author', 'post', 'none']),
  post: v.optional(i.postKey),
  lastEventId: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(60)))),
})

const live = router({
  subscribe: procedure.input(liveInput).subscription(async function* ({ ctx, input, signal }) {
    const { lastEventId, ...rest } = input
    const stop = signal ?? new AbortController().signal
    const resume = lastEventId ? { lastEventId } : {}
    for await (const { id, event } of ctx.live.subscribe({ ...rest, ...resume } as never, stop))
      yield tracked(id, event)
  }),
})

const MAX_OBJECT_BYTES = 1024 * 1024

const object = router({
  get: procedure
    .input(v.object({ author: i.user, path: v.pipe(v.string(), v.maxLength(1000)) }))
    .query(async ({ ctx, input }) => {
      const path = parsePath(input.path)
      const found = await ctx.objects.read(input.author, path, { withBlob: false })
      if (!found) return null
      const isSmall = found.body instanceof Buffer && found.size <= MAX_OBJECT_BYTES
      return {
        bytes: isSmall ? toBase64(found.body as Buffer) : null,
        proof: found.proof ? toBase64Url(found.proof) : null,
        verdict: found.verdict,
      }
    }),
})

function parsePath(text: string): string {
  try {
    return parseStrictPath(text)
  } catch (cause) {
    throw new TRPCError({ code: 'BAD_REQUEST', message: 'not a storage path', cause })
  }
}

export const appRouter = router({
  user: userRouter,
  users: usersRouter,
  post: postRouter,
  posts: postsRouter,
  notifications,
  search,
  live,
  object,
  tags: router({
    hot: procedure
      .input(
        v.object({
          timeframe: i.timeframe,
          limit: i.limit(20, 40),
          userId: v.optional(i.user),
          reach: i.reach,
        }),
      )
      .query(({ ctx, input }) => {
        const reach = toReach(input.reach)
        const within = input.userId && reach ? { user: input.userId, reach } : undefined
        return ctx.reader.hotTags({
          timeframe: input.timeframe,
          within,
          taggersLimit: 5,
          skip: 0,
          limit: input.limit,
        })
      }),
  }),
  files: router({
    byUris: procedure
      .input(
        v.object({ uris: v.pipe(v.array(v.pipe(v.string(), v.maxLength(300))), v.maxLength(100)) }),
      )
      .query(({ ctx, input }) => filesByUris(ctx.reader.pool, input.uris)),
  }),
  bootstrap: router({
    get: procedure
      .input(v.object({ userId: i.user }))
      .query(({ ctx, input }) => ctx.reader.bootstrap(input.userId)),
  }),
  ingest: router({
    put: procedure
      .input(v.object({ userId: i.user }))
      .mutation(({ ctx, input }) => ctx.ingest(input.userId)),
  }),
  info: router({ get: procedure.query(({ ctx }) => ({ version: ctx.info.version })) }),
})

export type AppRouter = typeof appRouter
