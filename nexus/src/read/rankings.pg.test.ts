import type { Label, PostKey } from '@pubky/app-specs'
import { timestampId } from '@pubky/app-specs'
import type { Micros, PublicKeyZ32 } from '@pubky/protocol'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPostgresGraph } from '../graph/pg/postgres-graph.ts'
import type { GraphOp, Reach, SocialGraph } from '../graph/social-graph.ts'
import { MIGRATIONS, PEOPLE, START_MS } from '../projections/views/fixture.ts'
import { createPostgresSearch } from '../search/pg/postgres-search.ts'
import { createReader } from './reader.ts'
import { type Timeframe, windowOf } from './user-streams.ts'

const people = PEOPLE.map(({ publicKey }) => publicKey)
const LABELS = 130
const nowMs = () => START_MS

let db: TestDatabase
let graph: SocialGraph

/** Everybody follows some, writes something, and tags with labels of which many are as hot as others. */
function ops(): GraphOp[] {
  const found: GraphOp[] = []
  const posts: PostKey[] = []
  const atMs = (n: number) => START_MS - 1 - n * 977
  for (const [index, user] of people.entries()) {
    found.push({ op: 'user', user, present: true })
    for (const to of people.slice(index + 1))
      found.push({ op: 'follow', from: user, to, present: true, atMs: atMs(index) })
    const id = timestampId((BigInt(START_MS + index) * 1000n) as Micros)
    const post = { author: user, id } as PostKey
    posts.push(post)
    found.push({
      op: 'post',
      post,
      present: true,
      atMs: atMs(index),
      kind: 'short',
      replyTo: null,
      repostOf: null,
      mentions: [],
    })
  }
  for (let n = 0; n < LABELS; n += 1)
    for (const [index, tagger] of people.entries())
      for (const target of posts.slice(0, 1 + ((n + index) % 3)))
        if ((n * 7 + index) % 4 !== 0) {
          const label = `label${n}` as Label
          found.push({ op: 'tag', tagger, target, label, present: true, atMs: atMs(n % 20) })
        }
  return found
}

beforeAll(async () => {
  db = await createTestDatabase(MIGRATIONS)
  graph = createPostgresGraph(db.pool)
  await graph.apply({ position: 1n, ops: ops() })
})
afterAll(() => db?.[Symbol.asyncDispose]())

/** A reader, and how often it asked the graph. */
function open() {
  const asked = { hotTags: 0, influencers: 0 }
  const counted: SocialGraph = {
    ...graph,
    hotTags(o) {
      asked.hotTags += 1
      return graph.hotTags(o)
    },
    influencers(o) {
      asked.influencers += 1
      return graph.influencers(o)
    },
  }
  const search = createPostgresSearch(db.pool)
  return { asked, reader: createReader({ pool: db.pool, graph: counted, search, nowMs }) }
}

const PAGES = [
  { skip: 0, limit: 1 },
  { skip: 0, limit: 40 },
  { skip: 3, limit: 20 },
  { skip: 70, limit: 40 },
  { skip: 99, limit: 2 },
  { skip: 120, limit: 40 },
  { skip: 9999, limit: 40 },
]
const WITHIN: { user: PublicKeyZ32; reach: Reach }[] = [
  { user: people[0] as PublicKeyZ32, reach: { kind: 'following' } },
  { user: people[4] as PublicKeyZ32, reach: { kind: 'followers' } },
  { user: people[0] as PublicKeyZ32, reach: { kind: 'wot', depth: 2 } },
]

it.each<Timeframe>(['today', 'all_time'])(
  'pages through hot tags of %s as the graph has them',
  async (timeframe) => {
    const { reader } = open()
    const window = windowOf(timeframe, nowMs())
    for (const within of [undefined, ...WITHIN])
      for (const page of PAGES)
        for (const taggersLimit of [1, 4, 20]) {
          const expected = await graph.hotTags({
            window,
            taggersLimit,
            ...page,
            ...(within && { within }),
          })
          expect(await reader.hotTags({ timeframe, within, taggersLimit, ...page })).toEqual(
            expected.map(({ label, tagged, taggers, taggersCount }) => ({
              label,
              taggers_id: taggers,
              tagged_count: tagged,
              taggers_count: taggersCount,
            })),
          )
        }
  },
)

it('pages through influencers as the graph has them', async () => {
  const { reader } = open()
  const window = windowOf('today', nowMs())
  for (const within of [undefined, ...WITHIN])
    for (const page of PAGES) {
      const expected = await graph.influencers({ window, ...page, ...(within && { within }) })
      const q = { source: 'influencers', timeframe: 'today', viewer: people[1], ...within } as const
      expect(await reader.users.ids({ ...q, ...page })).toEqual(expected.map(({ user }) => user))
    }
})

it('ranks once however many ask, and wherever they begin', async () => {
  const { reader, asked } = open()
  const skips = Array.from({ length: 50 }, (_, n) => n * 200)
  const ask = (skip: number) =>
    Promise.all([
      reader.hotTags({ timeframe: 'all_time', taggersLimit: 1 + (skip % 20), skip, limit: 40 }),
      reader.users.ids({ source: 'influencers', timeframe: 'this_week', skip, limit: 20 }),
    ])
  await Promise.all(skips.map(ask))
  for (const skip of skips) await ask(skip + 1)
  // The first places, which most ask for, and all.
  expect(asked).toEqual({ hotTags: 2, influencers: 2 })
})

it('tells of a failure whoever waited for it, and tries again', async () => {
  const { reader, asked } = open()
  const away = new Error('away')
  const real = graph.hotTags
  graph.hotTags = () => Promise.reject(away)
  const q = { timeframe: 'today', taggersLimit: 5, skip: 0, limit: 5 } as const
  try {
    const both = Promise.allSettled([reader.hotTags(q), reader.hotTags(q)])
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  } finally {
    graph.hotTags = real
  }
  expect(await reader.hotTags(q)).toHaveLength(5)
  expect(asked.hotTags).toBe(2)
})
