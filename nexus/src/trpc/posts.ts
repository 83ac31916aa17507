import * as v from 'valibot'
import type { StreamQuery } from '../read/post-streams.ts'
import type { Reader } from '../read/reader.ts'
import { isTagger, ownLabels, taggersOf, tagsOf, withOwn } from '../read/tag-samples.ts'
import type { LivePostView, LiveUserView } from '../read/views.ts'
import { procedure, router, type TrpcContext } from './context.ts'
import * as i from './input.ts'

const place = v.object({ s: v.number(), k: v.string() })

function keyOfUri(uri: string | null): string | null {
  const [, author, id] =
    /^pubky:\/\/([a-z0-9]{52})\/pub\/pubky\.app\/posts\/([0-9A-Za-z]{13})$/.exec(uri ?? '') ?? []
  return author && id ? `${author}:${id}` : null
}

export const keyOf = ({ details }: LivePostView) => `${details.author}:${details.id}`

/** What a list of posts needs to be shown: reposted posts and everybody whose name appears. */
export async function companions(
  reader: Reader,
  posts: readonly LivePostView[],
  viewer: string | undefined,
): Promise<{ embedded: LivePostView[]; users: LiveUserView[] }> {
  const present = new Set(posts.map(keyOf))
  const wanted = posts.flatMap(({ relationships }) => keyOfUri(relationships.reposted) ?? [])
  const embedded = await reader.postViews(
    [...new Set(wanted)].filter((key) => !present.has(key)),
    viewer,
  )
  const all = [...posts, ...embedded]
  const people = new Set<string>()
  for (const { details, relationships } of all) {
    people.add(details.author)
    for (const mentioned of relationships.mentioned.slice(0, 20)) people.add(mentioned)
    const parent = keyOfUri(relationships.replied)
    if (parent) people.add(parent.slice(0, 52))
  }
  return { embedded, users: await reader.userViews([...people], viewer) }
}

async function streamPage(ctx: TrpcContext, q: StreamQuery, cursor: string | null | undefined) {
  const after = i.decodeCursor(place, cursor)
  const { head } = ctx.live
  const keys = await ctx.reader.postKeys({
    ...q,
    limit: q.limit + 1,
    ...(after && { after: { score: after.s, key: after.k } }),
  })
  const page = keys.slice(0, q.limit)
  const last = page.at(-1)
  const items = await ctx.reader.postViews(
    page.map(({ key }) => key),
    q.viewer,
  )
  return {
    items,
    ...(await companions(ctx.reader, items, q.viewer)),
    cursor: keys.length > q.limit && last ? i.encodeCursor({ s: last.score, k: last.key }) : null,
    /** Live position before the list was read: what is newer comes over the subscription. */
    head,
  }
}

const target = { authorId: i.user, postId: i.post }

export const postRouter = router({
  view: procedure
    .input(v.object({ ...target, viewerId: i.viewer }))
    .query(async ({ ctx, input }) => {
      const [view] = await ctx.reader.postViews(
        [`${input.authorId}:${input.postId}`],
        input.viewerId,
      )
      return view ?? null
    }),
  byIds: procedure
    .input(v.object({ keys: i.list(i.postKey), viewerId: i.viewer }))
    .query(({ ctx, input }) => ctx.reader.postViews(input.keys, input.viewerId)),
  tags: procedure
    .input(
      v.object({
        ...target,
        viewerId: i.viewer,
        skip: i.skip,
        limit: i.limit(20, 100),
        taggers: i.limit(5, 100),
      }),
    )
    .query(async ({ ctx, input }) => {
      const { authorId, postId, viewerId, ...page } = input
      const key = `${authorId}:${postId}`
      const tags = await tagsOf(ctx.reader.pool, 'post', key, page)
      if (viewerId === undefined) return tags
      return withOwn(tags, key, await ownLabels(ctx.reader.pool, viewerId, [key]))
    }),
  taggers: procedure
    .input(
      v.object({
        ...target,
        label: i.label,
        viewerId: i.viewer,
        skip: i.skip,
        limit: i.limit(40, 100),
      }),
    )
    .query(async ({ ctx, input }) => {
      const key = `${input.authorId}:${input.postId}`
      const ids = await taggersOf(ctx.reader.pool, key, input.label, input)
      const users = await ctx.reader.userViews(ids, input.viewerId)
      return {
        users,
        relationship: await isTagger(ctx.reader.pool, key, input.label, input.viewerId),
      }
    }),
  thread: procedure
    .input(v.object({ ...target, viewerId: i.viewer, limit: i.limit(20, 50) }))
    .query(async ({ ctx, input }) => thread(ctx, input)),
})

const MAX_ANCESTORS = 50

const ANCESTORS = `with recursive up as (
    select key, parent_key, 0 as depth from posts where key = $1
    union all
    select p.key, p.parent_key, up.depth + 1 from up join posts p on p.key = up.parent_key
    where up.depth < $2
  )
  select key from up where depth > 0 order by depth desc`

async function thread(
  ctx: TrpcContext,
  input: { authorId: string; postId: string; viewerId?: string | undefined; limit: number },
) {
  const { reader } = ctx
  const { viewerId: viewer, limit } = input
  const key = `${input.authorId}:${input.postId}`
  const { rows } = await reader.pool.query<{ key: string }>({
    name: 'ancestors',
    text: ANCESTORS,
    values: [key, MAX_ANCESTORS],
  })
  const [ancestors, [post], replies] = await Promise.all([
    reader.postViews(
      rows.map((row) => row.key),
      viewer,
    ),
    reader.postViews([key], viewer),
    streamPage(
      ctx,
      { source: 'post_replies', post: key, sorting: 'timeline', ascending: true, viewer, limit },
      null,
    ),
  ])
  const shown = [...ancestors, ...(post ? [post] : []), ...replies.items]
  return { ancestors, post: post ?? null, replies, ...(await companions(reader, shown, viewer)) }
}

export const postsRouter = router({
  stream: procedure
    .input(
      v.object({
        source: v.picklist([
          'all',
          'following',
          'followers',
          'friends',
          'bookmarks',
          'author',
          'author_replies',
          'post_replies',
          'collection',
          'wot',
        ]),
        viewerId: i.viewer,
        authorId: v.optional(i.user),
        postId: v.optional(i.post),
        sorting: v.optional(v.picklist(['timeline', 'total_engagement']), 'timeline'),
        order: v.optional(v.picklist(['descending', 'ascending']), 'descending'),
        kinds: i.kinds,
        tags: i.labels,
        limit: i.limit(20, 50),
        cursor: i.cursor,
      }),
    )
    .query(({ ctx, input }) => {
      const {
        source,
        viewerId: viewer,
        authorId: author,
        postId,
        sorting,
        order,
        kinds,
        tags,
        limit,
      } = input
      const post = author && postId ? `${author}:${postId}` : undefined
      const q: StreamQuery = {
        source,
        viewer,
        observer: viewer,
        author,
        post,
        sorting,
        ascending: order === 'ascending',
        kinds: kinds?.length ? kinds : undefined,
        tags,
        limit,
      }
      return streamPage(ctx, q, input.cursor)
    }),
})
