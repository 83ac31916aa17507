import type { Label, PostId, PostKey } from '@pubky/app-specs'
import { keypairFromSeed } from '@pubky/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  FAR_FOLLOWER_SCORE,
  type GraphOp,
  RECOMMENDED_MIN_POSTS,
  type Reach,
  type SocialGraph,
} from '../../../nexus/src/graph/social-graph.ts'
import { fc } from './properties.ts'
import { createGraphModel } from './social-graph-model.ts'

const PEOPLE = Array.from(
  { length: 8 },
  (_, n) => keypairFromSeed(new Uint8Array(32).fill(n + 1)).publicKey,
)
const [A, B, C, D] = PEOPLE as [
  (typeof PEOPLE)[0],
  (typeof PEOPLE)[0],
  (typeof PEOPLE)[0],
  (typeof PEOPLE)[0],
]
const LABELS = ['art', 'bitcoin', 'ß', 'zebra'] as Label[]
const post = (author: typeof A, n: number): PostKey => ({
  author,
  id: `003472M6A00${String(n).padStart(2, '0')}` as PostId,
})
const REACHES: Reach[] = [
  { kind: 'followers' },
  { kind: 'following' },
  { kind: 'friends' },
  { kind: 'wot', depth: 1 },
  { kind: 'wot', depth: 2 },
  { kind: 'wot', depth: 3 },
]
const ALL = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }

const person = fc.constantFrom(...PEOPLE)
const time = fc.integer({ min: 0, max: 6 })
const present = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false))
const postKey = fc
  .tuple(person, fc.integer({ min: 0, max: 6 }))
  .map(([author, n]) => post(author, n))
const graphOp: fc.Arbitrary<GraphOp> = fc.oneof(
  fc.record({ op: fc.constant('user' as const), user: person, present }),
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('post' as const),
      post: postKey,
      present,
      atMs: time,
      kind: fc.constant('short'),
      replyTo: fc.option(postKey),
      repostOf: fc.constant(null),
      mentions: fc.array(person, { maxLength: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('follow' as const),
      from: person,
      to: person,
      present,
      atMs: time,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('tag' as const),
      tagger: person,
      target: fc.oneof(person, postKey),
      label: fc.constantFrom(...LABELS),
      present,
      atMs: time,
    }),
  },
  fc.record({
    op: fc.constant('bookmark' as const),
    from: person,
    post: postKey,
    present,
    atMs: time,
  }),
)

/** What every adapter of `SocialGraph` does. `open` gives the same graph each time. */
export function socialGraphContract(name: string, open: () => Promise<SocialGraph>): void {
  describe(`SocialGraph of ${name}`, () => {
    let graph: SocialGraph
    let position = 0n
    beforeAll(async () => {
      graph = await open()
    })
    beforeEach(async () => {
      await graph.reset()
      position = 0n
    })
    afterAll(async () => graph[Symbol.asyncDispose]())

    const write = (...ops: GraphOp[]) => {
      position += 1n
      return graph.apply({ position, ops })
    }
    const follow = (from: typeof A, to: typeof A, atMs = 1, present = true): GraphOp => ({
      op: 'follow',
      from,
      to,
      present,
      atMs,
    })

    test('an empty graph answers every question with nothing', async () => {
      expect(await graph.position()).toBe(0n)
      for (const reach of REACHES) expect(await graph.reach(A, reach, { limit: 10 })).toEqual([])
      expect(await graph.relation(A, [B])).toEqual([{ following: false, followedBy: false }])
      expect(await graph.recommended(A, { limit: 10 })).toEqual([])
      expect(await graph.influencers({ window: ALL, limit: 10 })).toEqual([])
      expect(await graph.hotTags({ window: ALL, taggersLimit: 5, limit: 10 })).toEqual([])
      expect(await graph.trustedTaggers(A, B, 3, null, { limit: 10 })).toEqual([])
      expect(await graph.path(A, B, 6)).toBeNull()
    })

    test('a batch at or below the position does nothing, and reset forgets everything', async () => {
      await graph.apply({ position: 5n, ops: [follow(A, B)] })
      await graph.apply({ position: 5n, ops: [follow(A, C)] })
      await graph.apply({ position: 4n, ops: [follow(A, B, 1, false)] })
      expect(await graph.position()).toBe(5n)
      expect(await graph.reach(A, { kind: 'following' }, { limit: 10 })).toEqual([B])
      await graph.reset()
      expect(await graph.position()).toBe(0n)
      expect(await graph.reach(A, { kind: 'following' }, { limit: 10 })).toEqual([])
    })

    test('of several facts about one thing in a batch the last one counts', async () => {
      await write(follow(A, B, 1), follow(A, B, 1, false), follow(A, C, 1, false), follow(A, C, 9))
      expect(await graph.reach(A, { kind: 'following' }, { limit: 10 })).toEqual([C])
    })

    test('reach is paged, newest edge first', async () => {
      await write(follow(B, A, 3), follow(C, A, 9), follow(D, A, 5), follow(A, C, 1))
      const followers: Reach = { kind: 'followers' }
      expect(await graph.reach(A, followers, { limit: 2 })).toEqual([C, D])
      expect(await graph.reach(A, followers, { skip: 2, limit: 2 })).toEqual([B])
      expect(await graph.reach(A, { kind: 'friends' }, { limit: 2 })).toEqual([C])
    })

    test('a person never reaches themselves, even along a circle', async () => {
      await write(follow(A, B), follow(B, A), follow(A, A))
      for (const reach of REACHES) expect(await graph.reach(A, reach, { limit: 10 })).toEqual([B])
    })

    test('a path is shortest, ends at both ends and respects its length', async () => {
      await write(follow(A, B), follow(B, C), follow(C, D), follow(A, C))
      expect(await graph.path(A, D, 2)).toEqual([A, C, D])
      expect(await graph.path(A, D, 1)).toBeNull()
      expect(await graph.path(A, A, 0)).toEqual([A])
      expect(await graph.path(D, A, 6)).toBeNull()
    })

    test('text that looks like a query is only text', async () => {
      const label = "x'})--" as Label
      await write(follow(A, B), { op: 'tag', tagger: B, target: C, label, present: true, atMs: 1 })
      expect(await graph.trustedTaggers(A, C, 1, null, { limit: 5 })).toEqual([
        { label, taggers: [B], count: 1 },
      ])
    })

    test('random graphs answer as the model does, however their facts are cut into batches', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(graphOp, { maxLength: 40 }), { maxLength: 4 }),
          person,
          postKey,
          fc.integer({ min: 0, max: 4 }),
          async (batches, user, target, from) => {
            await graph.reset()
            position = 0n
            const model = createGraphModel()
            for (const ops of batches) {
              for (const op of ops) model.apply(op)
              await write(...ops)
            }
            await compareWith(model, graph, user, target, { fromMs: from, toMs: from + 3 })
          },
        ),
        { numRuns: 25 },
      )
    }, 600_000)
  })
}

type Model = ReturnType<typeof createGraphModel>

async function compareWith(
  model: Model,
  graph: SocialGraph,
  user: typeof A,
  target: PostKey,
  window: { fromMs: number; toMs: number },
): Promise<void> {
  const page = { skip: 1, limit: 3 }
  const slice = <T>(all: T[]) => all.slice(1, 4)
  const round = (all: { user: typeof A; score: number }[]) =>
    all.map(({ user: id, score }) => ({ user: id, score: Math.round(score * 1e6) / 1e6 }))
  for (const reach of REACHES) {
    expect(await graph.reach(user, reach, { limit: 100 })).toEqual(model.reach(user, reach))
    const within = { user, reach }
    const people = model.reach(user, reach)
    expect(round(await graph.influencers({ window, within, ...page }))).toEqual(
      slice(model.influencers(window, people)),
    )
    expect(await graph.hotTags({ window, within, taggersLimit: 2, ...page })).toEqual(
      slice(model.hotTags(window, people, 2)),
    )
  }
  expect(await graph.relation(user, PEOPLE)).toEqual(
    PEOPLE.map((other) => ({
      following: model.follow(user, other) !== undefined,
      followedBy: model.follow(other, user) !== undefined,
    })),
  )
  expect(round(await graph.recommended(user, { limit: 100 }))).toEqual(
    model.recommended(user, RECOMMENDED_MIN_POSTS, FAR_FOLLOWER_SCORE),
  )
  expect(round(await graph.influencers({ window, limit: 100 }))).toEqual(
    model.influencers(window, null),
  )
  expect(await graph.hotTags({ window: ALL, taggersLimit: 3, limit: 100 })).toEqual(
    model.hotTags(ALL, null, 3),
  )
  for (const depth of [1, 2, 3] as const)
    for (const to of [target, PEOPLE[3] as typeof A]) {
      const trusted = model.trusted(user, to, depth)
      expect(await graph.trustedTaggers(user, to, depth, null, { limit: 100 })).toEqual(trusted)
      const [first] = trusted
      if (!first) continue
      expect(await graph.trustedTaggers(user, to, depth, first.label, page)).toEqual([
        { ...first, taggers: slice(first.taggers) },
      ])
    }
  for (const other of PEOPLE) {
    const path = await graph.path(user, other, 8)
    expect(path === null ? null : path.length - 1).toBe(model.distance(user, other))
    path?.slice(1).forEach((id, i) => {
      expect(model.follow(path[i] as typeof A, id)).toBeDefined()
    })
  }
}
