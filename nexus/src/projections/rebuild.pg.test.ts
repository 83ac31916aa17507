import { afterAll, beforeAll, expect, it } from 'vitest'
import { rebuildViews } from './rebuild.ts'
import { openWorld, type World } from './views/fixture.ts'
import { ANN, BOB, CEM, createStory, type Story } from './views/story.ts'

let world: World
let story: Story

beforeAll(async () => {
  world = await openWorld()
  story = createStory(world)
  for (const person of [ANN, BOB, CEM]) await story.settle(person)
  await story.profile(ANN, 'Ann Example')
  const post = await story.post(ANN, 1)
  await story.post(BOB, 2, { parent: post.uri })
  await story.put(CEM, story.tag(CEM, post.uri, 'a'))
  await story.follow(BOB, ANN)
})
afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
})

const digests = async () => [await world.views.stateDigest(), await world.views.noticeDigest()]
const indexes = () =>
  story.rows<object>(
    "select tablename, indexname from pg_indexes where schemaname = 'public' order by 1, 2",
  )
const rebuild = () => rebuildViews({ ...world.db, journal: world.journal })

it('repairs what somebody broke, tells everybody, and leaves tables that migrations know', async () => {
  const [before, names] = [await digests(), await indexes()]
  await world.db.pool.query('delete from tags')
  await world.db.pool.query('update posts set replies = 7')
  expect(await rebuild()).toBe(await world.journal.head())
  expect(await digests()).toEqual(before)
  expect(await indexes()).toEqual(names)
  expect(await story.rows("select from live_log where message->>'type' = 'reset'")).toHaveLength(1)
  expect(await story.rows("select nspname from pg_namespace where nspname like 'views%'")).toEqual(
    [],
  )
})

it('can be done while the projector goes on, and after one that was cut off', async () => {
  await world.db.pool.query('create schema views_next')
  await world.db.pool.query('create table views_next.posts (left_over int)')
  const working = (async () => {
    for (let n = 10; n < 30; n++) await story.post(ANN, n)
  })()
  await rebuild()
  await working
  await story.post(BOB, 40)
  const after = await digests()
  await world.views.reset()
  await world.apply()
  expect(await digests()).toEqual(after)
  expect(await story.counts(ANN)).toMatchObject({ posts: 21 })
})
