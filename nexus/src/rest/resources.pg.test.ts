import { buildTag } from '@pubky/app-specs'
import type { Micros, PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { createHttpServer, createLogger } from '@pubky/server-kit'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPostgresGraph } from '../graph/pg/postgres-graph.ts'
import { openWorld, START_MS, type World } from '../projections/views/fixture.ts'
import { ANN, BOB, CEM, freshStory, type Story } from '../projections/views/story.ts'
import { createReader } from '../read/reader.ts'
import { createPostgresSearch } from '../search/pg/postgres-search.ts'
import { resourceRoutes } from './resources.ts'

const PAGE = 'https://example.com/path?q=1'
const PAGE_ID = '2397d03755c83364010ee03600730121'
const NOTE = 'nostr:note1abc123'
const NOTE_ID = '0a0649e0710d12fee20440880c150f2a'

let world: World
let app: FastifyInstance

beforeAll(async () => {
  world = await openWorld()
  const story = await freshStory(world)
  await tag(story, ANN, PAGE, 'sea')
  await tag(story, BOB, 'HTTPS://Example.COM:443/path?q=1#frag', 'sea')
  await tag(story, BOB, PAGE, 'sea', 'other.app')
  await tag(story, CEM, PAGE, 'sky')
  await tag(story, CEM, NOTE, 'sea', 'other.app')
  const { pool } = world.db
  const reader = createReader({
    pool,
    graph: createPostgresGraph(pool),
    search: createPostgresSearch(pool),
    nowMs: () => START_MS,
  })
  app = createHttpServer({ name: 'nexus', log: createLogger('test'), ready: async () => true })
  resourceRoutes(app, reader)
})
afterAll(async () => {
  await app?.close()
  await world?.[Symbol.asyncDispose]()
})

async function tag(
  story: Story,
  who: PublicKeyZ32,
  uri: string,
  label: string,
  folder = 'map.app',
): Promise<void> {
  const built = buildTag(uri, label, (BigInt(START_MS) * 1000n) as Micros)
  await story.put(who, { ...built, path: built.path.replace('pubky.app', folder) as StoragePath })
}

async function get(path: string): Promise<{ status: number; body: never }> {
  const response = await app.inject(path)
  return { status: response.statusCode, body: response.json() as never }
}
const ids = async (query: string) => (await get(`/v0/stream/resources/ids?${query}`)).body

it('shows what was tagged, each person once however many apps they used', async () => {
  const { body } = await get(`/v0/resource/${PAGE_ID}/tags?viewer_id=${BOB}`)
  expect(body).toEqual({
    resource: { id: PAGE_ID, uri: PAGE, scheme: 'https', indexed_at: expect.any(Number) },
    tags: [
      { label: 'sea', taggers: [ANN, BOB], taggers_count: 2, relationship: true },
      { label: 'sky', taggers: [CEM], taggers_count: 1, relationship: false },
    ],
  })
  expect(await get(`/v0/resource/${PAGE_ID}/tags/sea/taggers?viewer_id=${CEM}`)).toEqual({
    status: 200,
    body: { users: [ANN, BOB], relationship: false },
  })
  const page = await get(`/v0/resource/${PAGE_ID}/tags?skip_tags=1&limit_tags=1&limit_taggers=1`)
  expect(page.body).toMatchObject({ tags: [{ label: 'sky', taggers: [CEM] }] })
})

it('finds a resource by any way of writing its address', async () => {
  const uri = encodeURIComponent('https://user:pass@EXAMPLE.com/path?q=1#x')
  expect((await get(`/v0/resource/by-uri?uri=${uri}`)).body).toMatchObject({
    resource: { id: PAGE_ID },
  })
})

it('lists resources by time and by number of tags, by app and by label', async () => {
  const time = START_MS + 1000
  expect(await ids('')).toEqual({
    resource_ids: [NOTE_ID, PAGE_ID],
    last_score: expect.any(Number),
  })
  expect(await ids('sorting=taggers_count')).toEqual({
    resource_ids: [PAGE_ID, NOTE_ID],
    last_score: 1,
  })
  expect(await ids('sorting=taggers_count&start=3')).toMatchObject({ resource_ids: [NOTE_ID] })
  expect(await ids('sorting=taggers_count&end=4')).toMatchObject({ resource_ids: [PAGE_ID] })
  expect(await ids('order=ascending&limit=1')).toMatchObject({ resource_ids: [PAGE_ID] })
  expect(await ids('limit=1&skip=1')).toMatchObject({ resource_ids: [PAGE_ID] })
  expect(await ids('app=map.app')).toMatchObject({ resource_ids: [PAGE_ID] })
  expect(await ids('tags=sky')).toMatchObject({ resource_ids: [PAGE_ID] })
  expect(await ids('tags=sky&app=other.app')).toEqual({ resource_ids: [], last_score: null })
  expect(await ids(`tags=sea,sky&start=0&end=${time}&sorting=taggers_count`)).toEqual({
    resource_ids: [PAGE_ID, NOTE_ID],
    last_score: null,
  })
  expect((await get('/v0/stream/resources?limit=1')).body).toEqual([
    {
      details: { id: NOTE_ID, uri: NOTE, scheme: 'nostr', indexed_at: expect.any(Number) },
      tags: [{ label: 'sea', taggers: [CEM], taggers_count: 1, relationship: false }],
      taggers_count: 1,
    },
  ])
})

it.each([
  ['/v0/resource/XYZ/tags', 400, 'resource_id must be 32-char lowercase hex, got: XYZ'],
  [`/v0/resource/${'0'.repeat(32)}/tags`, 404, `Resource not found: ${'0'.repeat(32)}`],
  [`/v0/resource/${PAGE_ID}/tags?depth=2`, 400, '`depth` is not supported for resource tags'],
  ['/v0/resource/by-uri', 400, 'missing field `uri`'],
  ['/v0/resource/by-uri?uri=justtext', 400, 'Invalid URI: justtext'],
  [`/v0/resource/by-uri?uri=https://${'a'.repeat(2048)}`, 400, 'URI too long (max 2048 bytes)'],
  ['/v0/stream/resources?limit=101', 400, 'limit exceeds maximum of 100'],
  ['/v0/stream/resources?sorting=likes', 400, 'unknown variant `likes` of sorting'],
])('refuses %s with %i', async (path, status, text) => {
  const answer = await get(path)
  expect(answer.status).toBe(status)
  expect((answer.body as { error: string }).error).toContain(text)
})

it('answers an empty list of taggers for what nobody tagged', async () => {
  expect((await get(`/v0/resource/${'0'.repeat(32)}/tags/sea/taggers`)).body).toEqual({
    users: [],
    relationship: false,
  })
})
