import { followPath } from '@pubky/app-specs'
import { catchUp } from '@pubky/indexer'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { openWorld, type World } from '../projections/views/fixture.ts'
import { ANN, BOB, CEM, createStory, freshStory, type Story } from '../projections/views/story.ts'
import { createViews } from '../projections/views/views.ts'
import { createLiveFeed, type LiveFeed } from './feed.ts'
import type { LiveEvent, LiveInput } from './live-event.ts'
import { appendToLog, formatId, headOfLog, LIVE_WINDOW } from './log.ts'

let world: World
let story: Story
let feed: LiveFeed
let changes: (readonly string[] | null)[] = []

beforeAll(async () => {
  world = await openWorld()
})
afterAll(async () => {
  await feed?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await feed?.[Symbol.asyncDispose]()
  story = await freshStory(world)
  changes = []
  // The poll would hide a lost NOTIFY.
  feed = createLiveFeed({ ...world.db, pollMs: 600_000, onChange: (keys) => changes.push(keys) })
  await feed.ready
})

/** Listens until `until` says so, while `during` happens. */
async function listen(
  input: LiveInput,
  during: () => Promise<unknown>,
  until: (events: readonly LiveEvent[]) => boolean,
): Promise<{ id: string; event: LiveEvent }[]> {
  const stop = new AbortController()
  const letters: { id: string; event: LiveEvent }[] = []
  const lastEventId = input.lastEventId ?? formatId(await headOfLog(world.db.pool))
  const iterator = feed.subscribe({ ...input, lastEventId }, stop.signal)[Symbol.asyncIterator]()
  let next = iterator.next()
  await during()
  for (;;) {
    const { done, value } = await next
    if (done) break
    letters.push(value)
    if (until(letters.map(({ event }) => event))) break
    next = iterator.next()
  }
  stop.abort()
  await iterator.return?.()
  return letters
}

const has =
  (type: LiveEvent['type'], n = 1) =>
  (events: readonly LiveEvent[]) =>
    events.filter((event) => event.type === type).length >= n
const types = (letters: { event: LiveEvent }[]) => letters.map(({ event }) => event.type)

it('tells of a new post with everything that a list needs to place it', async () => {
  const letters = await listen({ source: 'all' }, () => story.post(ANN, 1), has('post'))
  expect(letters.at(-1)?.event).toMatchObject({
    type: 'post',
    key: `${ANN}:${story.idOf(1)}`,
    author: ANN,
    replyTo: null,
    repostOf: null,
    labels: [],
  })
})

it('tells a thread of its replies and of absolute counters, and of nothing else', async () => {
  const post = await story.post(ANN, 1)
  const letters = await listen(
    { source: 'post', post: post.key },
    async () => {
      await story.post(CEM, 8)
      await story.post(BOB, 2, { parent: post.uri })
      await story.put(CEM, story.tag(CEM, post.uri, 'a'))
    },
    (events) =>
      events.some((e) => e.type === 'counts' && e.counts.tags === 1 && e.key === post.key),
  )
  expect(letters[0]?.event).toMatchObject({ type: 'post', author: BOB, replyTo: post.key })
  expect(letters.at(-1)?.event).toMatchObject({ counts: { replies: 1, tags: 1, reposts: 0 } })
  expect(letters.some(({ event }) => event.type === 'post' && event.author === CEM)).toBe(false)
})

it('tells a viewer of notices with the number of unread ones, and nobody else', async () => {
  const post = await story.post(ANN, 1)
  const happens = async () => {
    await story.follow(BOB, ANN)
    await story.post(BOB, 2, { parent: post.uri })
  }
  const letters = await listen({ source: 'none', viewer: ANN }, happens, has('notification', 2))
  const notices = letters.flatMap(({ event }) => (event.type === 'notification' ? [event] : []))
  expect(notices).toEqual([
    { type: 'notification', user: ANN, unread: 1 },
    { type: 'notification', user: ANN, unread: 2 },
  ])
})

it('follows the viewer’s own follows and mutes from the moment they are made', async () => {
  const letters = await listen(
    { source: 'following', viewer: ANN },
    async () => {
      await story.post(BOB, 1)
      await story.follow(ANN, BOB)
      await story.post(BOB, 2)
      await story.mute(ANN, BOB)
      await story.post(BOB, 3)
      await story.del(ANN, followPath(BOB))
      await story.post(ANN, 4)
    },
    has('post', 2),
  )
  const posts = letters.flatMap(({ event }) => (event.type === 'post' ? [event.key] : []))
  expect(posts).toEqual([`${BOB}:${story.idOf(2)}`, `${ANN}:${story.idOf(4)}`])
})

it('tells of posts that go, and of those that stay as deleted', async () => {
  const [one, two] = [await story.post(ANN, 1), await story.post(ANN, 2)]
  await story.bookmark(BOB, two.uri)
  const letters = await listen(
    { source: 'author', authors: new Set([ANN]) },
    async () => {
      await story.del(ANN, one.path)
      await story.del(ANN, two.path)
    },
    has('post_changed'),
  )
  const posts = letters.filter(({ event }) => event.type.startsWith('post'))
  expect(posts.map(({ event }) => event)).toEqual([
    { type: 'post_removed', key: one.key },
    { type: 'post_changed', key: two.key },
  ])
})

it('goes on after the last event without a gap and without telling it again', async () => {
  const first = await listen({ source: 'all' }, () => story.post(ANN, 1), has('post'))
  const lastEventId = first.at(-1)?.id ?? ''
  await story.post(ANN, 2)
  await story.post(BOB, 3)
  const input = { source: 'all', lastEventId } as const
  const letters = await listen(input, () => story.post(CEM, 4), has('post', 3))
  const posts = letters.flatMap(({ event }) => (event.type === 'post' ? [event.key] : []))
  expect(posts).toEqual([
    `${ANN}:${story.idOf(2)}`,
    `${BOB}:${story.idOf(3)}`,
    `${CEM}:${story.idOf(4)}`,
  ])
})

it.each([['0.0'], ['999999999.0'], ['nonsense']])(
  'says reset when it cannot go on after %s',
  async (lastEventId) => {
    const far = BigInt(LIVE_WINDOW) + 100n
    await appendToLog(world.db.pool as never, far, [
      { type: 'post_changed', key: 'x', place: { replyTo: null, repostOf: null } },
    ])
    const letters = await listen({ source: 'all', lastEventId }, async () => {}, has('reset'))
    expect(types(letters)).toEqual(['reset'])
  },
)

it('says which views changed before it tells anybody', async () => {
  const post = await story.post(ANN, 1)
  changes = []
  await listen(
    { source: 'all' },
    () => story.put(BOB, story.tag(BOB, post.uri, 'a')),
    has('counts'),
  )
  expect(changes.flat()).toEqual(expect.arrayContaining([post.key, BOB]))
})

it('keeps the last 10,000 positions of the log', async () => {
  const place = { replyTo: null, repostOf: null }
  for (const position of [1n, 5n, 5_000n, BigInt(LIVE_WINDOW) + 5n])
    await appendToLog(world.db.pool as never, position, [{ type: 'post_changed', key: 'x', place }])
  const rows = await story.rows<{ position: string }>(
    "select distinct position from live_log where message->>'key' = 'x' order by 1",
  )
  expect(rows.map(({ position }) => position)).toEqual(['5000', '10005'])
})

const changedPost = (key: string) =>
  ({ type: 'post_changed', key, place: { replyTo: null, repostOf: null } }) as const

it('tells what was committed here at once, and does not read it again from the log', async () => {
  const { position: at } = await headOfLog(world.db.pool)
  const write = (position: bigint, key: string) =>
    appendToLog(world.db.pool as never, position, [changedPost(key)])
  const letters = await listen(
    { source: 'all' },
    async () => {
      // The first makes known where this process stands; whoever begins to listen waits for that.
      await write(at + 1n, 'first')
      feed.take({ after: at, position: at + 1n, messages: [changedPost('first')] })
      await listen({ source: 'none', lastEventId: 'nonsense' }, async () => {}, has('reset'))
      expect(feed.head).toBe(`${at + 1n}.1`)
      feed.take({ after: at + 1n, position: at + 2n, messages: [changedPost('not in the log')] })
      expect(feed.head).toBe(`${at + 2n}.1`)
      await write(at + 2n, 'not in the log')
      await write(at + 3n, 'of another process')
    },
    has('post_changed', 3),
  )
  expect(letters.map(({ event }) => 'key' in event && event.key)).toEqual([
    'first',
    'not in the log',
    'of another process',
  ])
  expect(letters.map(({ id }) => id)).toEqual([1n, 2n, 3n].map((n) => `${at + n}.1`))
})

it('reads the log where another process committed in between', async () => {
  const { position: at } = await headOfLog(world.db.pool)
  const letters = await listen(
    { source: 'all' },
    async () => {
      feed.take({ after: at, position: at, messages: [] })
      await world.db.pool.query(
        `insert into live_log (position, ordinal, message) values ($1, 1, $3), ($2, 1, $4)`,
        [at + 1n, at + 2n, changedPost('theirs'), changedPost('ours')],
      )
      feed.take({ after: at + 1n, position: at + 2n, messages: [changedPost('ours')] })
    },
    has('post_changed', 2),
  )
  expect(letters.map(({ event }) => 'key' in event && event.key)).toEqual(['theirs', 'ours'])
})

it('tells each post once and in order, whether this process or another applies it', async () => {
  const views = createViews({ pool: world.db.pool, onBatch: (batch) => feed.take(batch) })
  const here = () => catchUp(world.journal, views)
  let n = 0
  const mixed = createStory({ ...world, apply: () => (n % 5 < 3 ? here() : world.apply()) })
  const letters = await listen(
    { source: 'all' },
    async () => {
      for (n = 0; n < 20; n += 1) await mixed.post(ANN, n)
    },
    has('post', 20),
  )
  const posts = letters.flatMap(({ event }) => (event.type === 'post' ? [event.key] : []))
  expect(posts).toEqual(Array.from({ length: 20 }, (_, at) => `${ANN}:${mixed.idOf(at)}`))
  const ids = letters.map(({ id }) => Number(id))
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
})
