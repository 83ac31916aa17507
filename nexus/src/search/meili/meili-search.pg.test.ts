import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Label, PostId } from '@pubky/app-specs'
import { keypairFromSeed } from '@pubky/protocol'
import { createTestDatabase } from '@pubky/testkit/pg'
import { searchIndexContract } from '@pubky/testkit/search-index-contract'
import { describe, expect, test } from 'vitest'
import { createPostgresSearch } from '../pg/postgres-search.ts'
import { createMeiliSearch } from './meili-search.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/nexus/migrations')
const url = process.env.MEILI_URL

if (url) {
  searchIndexContract('Meilisearch', async () => {
    const database = await createTestDatabase(MIGRATIONS)
    const index = await createMeiliSearch({
      url,
      ...(process.env.MEILI_KEY ? { apiKey: process.env.MEILI_KEY } : {}),
      index: `test_${process.pid}`,
      tables: createPostgresSearch(database.pool),
    })
    return Object.assign(index, {
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    })
  })
} else {
  describe('SearchIndex of Meilisearch', () => {
    test.skip('the contract suite: MEILI_URL names no server', () => {})
  })
}

/** Answers like an engine whose tasks always succeed at once, or fail, and writes down what it is asked. */
async function startRecorder() {
  let status = 'succeeded'
  const seen: { request: string; body?: unknown }[] = []
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const isTask = request.url?.startsWith('/tasks/')
    if (!isTask)
      seen.push({
        request: `${request.method} ${request.url}`,
        ...(text ? { body: JSON.parse(text) as unknown } : {}),
      })
    response.setHeader('content-type', 'application/json')
    if (request.url?.endsWith('/search')) {
      const key = `${AUTHOR}:003472M6A0001`
      response.end(JSON.stringify({ hits: [{ key, _rankingScore: 0.75 }] }))
      return
    }
    const error = status === 'failed' ? { code: 'internal', message: 'full' } : null
    response.writeHead(isTask ? 200 : 202)
    response.end(
      JSON.stringify({ taskUid: 1, uid: 1, status: isTask ? status : 'enqueued', error }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    seen,
    fail(fails: boolean): void {
      status = fails ? 'failed' : 'succeeded'
    },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const AUTHOR = keypairFromSeed(new Uint8Array(32).fill(1)).publicKey

test('the requests to Meilisearch are the pinned ones', async () => {
  await using engine = await startRecorder()
  await using database = await createTestDatabase(MIGRATIONS)
  const tables = createPostgresSearch(database.pool)
  const index = await createMeiliSearch({ url: engine.url, tables })
  const post = { author: AUTHOR, id: '003472M6A0001' as PostId }
  const key = `${AUTHOR}:${post.id}`
  await index.apply({
    position: 3n,
    put: [
      {
        kind: 'post',
        key,
        post,
        text: 'Hello, "world"!',
        postKind: 'short',
        tags: [{ label: 'greeting' as Label, taggers: 2 }],
        atMs: 5,
      },
      { kind: 'user', key: AUTHOR, user: AUTHOR, name: 'Ann', bio: '', tags: [] },
    ],
    remove: [`${AUTHOR}:003472M6A0002`],
  })
  await index.apply({ position: 3n, put: [], remove: [key] })
  expect(await index.position()).toBe(3n)
  const found = await index.posts({
    text: 'hello-WORLD',
    author: AUTHOR,
    kind: 'short',
    tag: 'a"b\\' as Label,
    window: { fromMs: 1, toMs: 9 },
    skip: 2,
    limit: 10,
  })
  expect(found).toEqual([{ post, score: 0.75 }])
  expect(await index.posts({ text: '?!', limit: 10 })).toEqual([])
  expect(await index.users({ namePrefix: 'an' }, { limit: 5 })).toEqual([AUTHOR])
  expect(await index.labels('gr', { limit: 5 })).toEqual(['greeting'])
  await index.reset()
  await expect(`${JSON.stringify(engine.seen, null, 2)}\n`).toMatchFileSnapshot(
    'requests.golden.txt',
  )
})

test('a failed task leaves the position where it was, and the batch can come again', async () => {
  await using engine = await startRecorder()
  await using database = await createTestDatabase(MIGRATIONS)
  const tables = createPostgresSearch(database.pool)
  const index = await createMeiliSearch({ url: engine.url, tables })
  const batch = { position: 4n, put: [], remove: [`${AUTHOR}:003472M6A0002`] }
  engine.fail(true)
  await expect(index.apply(batch)).rejects.toMatchObject({ code: 'search_engine_failed' })
  expect(await index.position()).toBe(0n)
  await expect(createMeiliSearch({ url: engine.url, tables })).rejects.toThrow('internal full')
  engine.fail(false)
  await index.apply(batch)
  expect(await index.position()).toBe(4n)
})
