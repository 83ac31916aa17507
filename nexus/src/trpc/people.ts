import * as v from 'valibot'
import { isTagger, ownLabels, taggersOf, tagsOf, withOwn } from '../read/tag-samples.ts'
import { mutesOf } from '../read/users.ts'
import { reach as toReach } from '../rest/params.ts'
import { procedure, router } from './context.ts'
import * as i from './input.ts'

export const userRouter = router({
  view: procedure
    .input(v.object({ userId: i.user, viewerId: i.viewer }))
    .query(
      async ({ ctx, input }) =>
        (await ctx.reader.userViews([input.userId], input.viewerId))[0] ?? null,
    ),
  byIds: procedure
    .input(v.object({ userIds: i.list(i.user), viewerId: i.viewer }))
    .query(({ ctx, input }) => ctx.reader.userViews(input.userIds, input.viewerId)),
  tags: procedure
    .input(
      v.object({
        userId: i.user,
        viewerId: i.viewer,
        skip: i.skip,
        limit: i.limit(20, 100),
        taggers: i.limit(5, 100),
      }),
    )
    .query(async ({ ctx, input }) => {
      const { userId, viewerId, ...page } = input
      const tags = await tagsOf(ctx.reader.pool, 'user', userId, page)
      if (viewerId === undefined) return tags
      return withOwn(tags, userId, await ownLabels(ctx.reader.pool, viewerId, [userId]))
    }),
  taggers: procedure
    .input(
      v.object({
        userId: i.user,
        label: i.label,
        viewerId: i.viewer,
        skip: i.skip,
        limit: i.limit(40, 100),
      }),
    )
    .query(async ({ ctx, input }) => {
      const ids = await taggersOf(ctx.reader.pool, input.userId, input.label, input)
      const users = await ctx.reader.userViews(ids, input.viewerId)
      return {
        users,
        relationship: await isTagger(ctx.reader.pool, input.userId, input.label, input.viewerId),
      }
    }),
  mutes: procedure
    .input(v.object({ userId: i.user }))
    .query(({ ctx, input }) => mutesOf(ctx.reader.pool, input.userId)),
})

export const usersRouter = router({
  stream: procedure
    .input(
      v.object({
        source: i.userSource,
        userId: v.optional(i.user),
        viewerId: i.viewer,
        authorId: v.optional(i.user),
        postId: v.optional(i.post),
        tags: i.labels,
        reach: i.reach,
        timeframe: i.timeframe,
        skip: i.skip,
        limit: i.limit(10, 50),
      }),
    )
    .query(async ({ ctx, input }) => {
      const { source, userId, viewerId, authorId, postId, tags, timeframe, skip, limit } = input
      const ids = await ctx.reader.users.ids({
        source,
        user: userId,
        viewer: viewerId,
        post: authorId && postId ? `${authorId}:${postId}` : undefined,
        tags,
        reach: toReach(input.reach),
        timeframe,
        skip,
        limit,
      })
      return ctx.reader.userViews(ids, viewerId)
    }),
})
