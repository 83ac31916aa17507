import { once } from 'node:events'
import { connect } from 'node:net'
import { createLogger, listen } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPostgresGraph } from '../graph/pg/postgres-graph.ts'
import { createLiveFeed, type LiveFeed } from '../live/feed.ts'
import { openWorld, type World } from '../projections/views/fixture.ts'
import { createReader } from '../read/reader.ts'
import { createPostgresSearch } from '../search/pg/postgres-search.ts'
import { createNexusServer } from '../server.ts'
import { createLivePlaces } from './subscriptions.ts'

let world: World
let live: LiveFeed

beforeAll(async () => {
  world = await openWorld()
  live = createLiveFeed(world.db)
  await live.ready
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

const QUERY = `input=${encodeURIComponent(JSON.stringify({ source: 'all' }))}`

async function serve(places = createLivePlaces({ max: 3, maxPerAddress: 2 })) {
  const proxies = { trustedProxies: ['127.0.0.1'], livePlaces: places }
  const { pool } = world.db
  const [graph, search] = [createPostgresGraph(pool), createPostgresSearch(pool)]
  const reader = createReader({ pool, graph, search, nowMs: Date.now })
  const parts = { live, reader, log: createLogger('test'), ready: async () => true, ...proxies }
  const app = createNexusServer(parts as never)
  const at = await listen(app, { name: 'nexus', host: '127.0.0.1', port: 0 })
  const stop = new AbortController()
  return {
    places,
    port: at.port,
    async open(address: string, path = 'live.subscribe') {
      const one = new AbortController()
      const response = await fetch(`http://127.0.0.1:${at.port}/trpc/${path}?${QUERY}`, {
        headers: { accept: 'text/event-stream', 'x-forwarded-for': address },
        signal: AbortSignal.any([stop.signal, one.signal]),
      })
      const { status, headers } = response
      const body = status === 200 ? null : ((await response.json()) as { code: string })
      const code = body?.code
      return { status, code, retryAfter: headers.get('retry-after'), close: () => one.abort() }
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await app.close()
    },
  }
}

it('refuses a subscription beyond those of one network, and beyond those of all', async () => {
  await using server = await serve()
  const first = await server.open('2001:db8::1')
  expect((await server.open('2001:db8::2')).status).toBe(200)
  const refused = { status: 429, code: 'too_many_subscriptions', retryAfter: '1' }
  expect(await server.open('2001:db8::3')).toMatchObject(refused)
  expect(await server.open('2001:db8::3', 'live%252Esubscribe')).toMatchObject(refused)
  expect((await server.open('192.0.2.1')).status).toBe(200)
  const full = { status: 503, code: 'no_subscriptions_left', retryAfter: '1' }
  expect(await server.open('192.0.2.2')).toMatchObject(full)
  first.close()
  await expect.poll(() => server.places.total()).toBe(2)
  expect((await server.open('2001:db8::3')).status).toBe(200)
})

it('gives the places of a connection back that breaks before it was looked at', async () => {
  await using server = await serve(createLivePlaces())
  const socket = connect(server.port, '127.0.0.1')
  const request = `GET /trpc/live.subscribe?${QUERY} HTTP/1.1\r\nhost: x\r\n\r\n`
  // More than one connection may have open at once: it is cut with all of them.
  socket.write(request.repeat(150))
  socket.resume()
  await once(socket, 'close')
  await expect.poll(() => server.places.total()).toBe(0)
})
