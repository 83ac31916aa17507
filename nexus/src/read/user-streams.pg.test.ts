import { type PostKey, timestampId } from '@pubky/app-specs'
import type { Micros } from '@pubky/protocol'
import { createTestDatabase } from '@pubky/testkit/pg'
import { expect, it } from 'vitest'
import { createPostgresGraph } from '../graph/pg/postgres-graph.ts'
import { type GraphOp, RECOMMENDED_MIN_POSTS } from '../graph/social-graph.ts'
import { MIGRATIONS, PEOPLE, START_MS } from '../projections/views/fixture.ts'
import { createUserStreams } from './user-streams.ts'

const [reader, friend, ...others] = PEOPLE.map(({ publicKey }) => publicKey)

/** The friend of the reader follows all others, who write enough to be recommended. */
function ops(): GraphOp[] {
  if (!reader || !friend) return []
  const follow = { op: 'follow', present: true, atMs: START_MS } as const
  const found: GraphOp[] = [{ ...follow, from: reader, to: friend }]
  for (const author of others) {
    found.push({ op: 'user', user: author, present: true })
    found.push({ ...follow, from: friend, to: author })
    for (let n = 0; n < RECOMMENDED_MIN_POSTS; n += 1) {
      const id = timestampId((BigInt(START_MS + n) * 1000n) as Micros)
      const post = { author, id } as PostKey
      const none = { replyTo: null, repostOf: null, mentions: [] }
      found.push({ op: 'post', post, present: true, atMs: START_MS, kind: 'short', ...none })
    }
  }
  return found
}

it('each page of who to follow goes on after the one before', async () => {
  await using db = await createTestDatabase(MIGRATIONS)
  const graph = createPostgresGraph(db.pool)
  await graph.apply({ position: 1n, ops: ops() })
  const streams = createUserStreams({ pool: db.pool, graph, nowMs: () => START_MS })
  const page = (skip: number, limit: number) =>
    streams.ids({
      source: 'recommended',
      user: reader,
      skip,
      limit,
      timeframe: 'all_time',
    })
  const all = await page(0, others.length)
  expect(new Set(all)).toEqual(new Set(others))
  expect([...(await page(0, 1)), ...(await page(1, others.length))]).toEqual(all)
  expect(await page(others.length, 1)).toEqual([])
})
