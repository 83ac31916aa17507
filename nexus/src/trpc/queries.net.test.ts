import { buildPost, buildProfile, createIdClock } from '@pubky/app-specs'
import { nowMicros, randomKeypair, signerFromKeypair } from '@pubky/protocol'
import { joinNetwork, startTestNetwork, type TestNetwork } from '@pubky/testkit/network'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { MAX_BATCH } from './queries.ts'

let network: TestNetwork
const root = signerFromKeypair(randomKeypair())

beforeAll(async () => {
  network = await startTestNetwork({ nexus: true })
  const { session } = await joinNetwork(network, { root })
  const profile = buildProfile({ name: 'Ann' })
  await session.storage.put(profile.path, profile.body)
  const post = buildPost({ content: 'Hello', kind: 'short' }, createIdClock(nowMicros)())
  await session.storage.put(post.path, post.body)
  const isIndexed = async () =>
    (await get('posts.stream', { input: { source: 'all' } })).text.includes('Hello')
  await vi.waitUntil(isIndexed, { timeout: 120_000, interval: 100 })
})
afterAll(() => network?.[Symbol.asyncDispose]())

interface Query {
  input?: unknown
  batch?: string
  /** Sent as it is. */
  raw?: string
}

async function get(path: string, { input, batch, raw }: Query, library = false) {
  const query = new URLSearchParams()
  if (input !== undefined) query.set('input', JSON.stringify(input))
  if (raw !== undefined) query.set('input', raw)
  if (batch !== undefined) query.set('batch', batch)
  // Says nothing, but only the library reads it.
  if (library) query.set('connectionParams', 'null')
  const response = await fetch(`${network.nexus}/trpc/${path}?${query}`)
  const headers = Object.fromEntries(response.headers)
  for (const name of ['date', 'content-length', 'transfer-encoding']) delete headers[name]
  return { status: response.status, headers, text: await response.text() }
}

const mine = { userId: root.publicKey }
const stream = { source: 'all', limit: 5 }

it.each<[string, string, Query]>([
  ['a query', 'posts.stream', { input: stream }],
  ['a query without input', 'info.get', {}],
  ['an empty input', 'info.get', { raw: '' }],
  ['an answer of nothing', 'user.view', { input: { userId: randomKeypair().publicKey } }],
  ['a batch of one', 'user.view', { input: { 0: mine }, batch: '1' }],
  ['a batch', 'user.view,info.get,posts.stream', { input: { 0: mine, 2: stream }, batch: '1' }],
  ['a batch of which one fails', 'info.get,user.view', { input: { 1: {} }, batch: '1' }],
  ['a batch with an unknown name', 'info.get,no.such', { batch: '1' }],
  ['a batch that is none', 'info.get,info.get', {}],
  ['another batch', 'info.get', { batch: '0' }],
  ['inputs as a list', 'user.view', { input: [mine], batch: '1' }],
  ['input of nothing', 'user.view', { raw: 'null' }],
  ['broken JSON', 'posts.stream', { raw: '{' }],
  ['a wrong value', 'posts.stream', { input: { source: 'nowhere' } }],
  ['an unknown name', 'no.such', {}],
  ['a name of every object', 'constructor', {}],
  ['a change', 'ingest.put', { input: mine }],
])('answers %s as the library does', async (_, path, query) => {
  const [ours, theirs] = [await get(path, query), await get(path, query, true)]
  expect(ours.status).toBe(theirs.status)
  expect(ours.headers).toEqual(theirs.headers)
  expect(JSON.parse(ours.text)).toEqual(JSON.parse(theirs.text))
})

it('refuses more calls at once than a page has', async () => {
  const calls = (count: number) => Array.from({ length: count }, () => 'info.get').join(',')
  expect((await get(calls(MAX_BATCH), { batch: '1' })).status).toBe(200)
  expect((await get(calls(MAX_BATCH + 1), { batch: '1' })).status).toBe(400)
})
