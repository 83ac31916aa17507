import {
  buildFollow,
  buildPost,
  buildProfile,
  buildTag,
  type Label,
  type PostId,
  postUri,
} from '@pubky/app-specs'
import { catchUp, createCompactor, type NewObjectEntry, type Projection } from '@pubky/indexer'
import { blake3Sync, type EventId, type PublicKeyZ32, type StoragePath } from '@pubky/protocol'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, test } from 'vitest'
import { LAW_RUNS, LAW_SEED, LAW_TIMEOUT_MS } from '../views/fixture.ts'
import {
  A,
  append,
  B,
  C,
  contents,
  digests,
  entriesOf,
  HOSTS,
  home,
  interleave,
  open,
  PEOPLE,
  POSTS,
  project,
  START,
  step,
} from './fixture.ts'

describe('the projections graph and search', () => {
  test(
    'give the same state however entries of different owners are interleaved and cut',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 20, maxLength: 60 }),
          fc.array(fc.nat(), { minLength: 80, maxLength: 80 }),
          fc.integer({ min: 1, max: 20 }),
          async (steps, order, size) => {
            await using one = await open()
            await using two = await open()
            const entries = await entriesOf(steps)
            await append(one.journal, entries)
            await append(two.journal, interleave(entries, order))
            const first = await project(one, 500)
            const second = await project(two, size)
            expect(await digests(second)).toEqual(await digests(first))
            expect(await contents(two)).toEqual(await contents(one))
            // Erasing what was deleted changes nothing, not even what a rebuild gives.
            await createCompactor({ pool: two.pool, blobs: two.blobs }).compact()
            const rebuilt = two.projections()
            for (const projection of rebuilt) {
              await projection.reset()
              expect(await projection.position()).toBe(0n)
              await catchUp(two.journal, projection)
            }
            expect(await digests(rebuilt)).toEqual(await digests(first))
            expect(await contents(two)).toEqual(await contents(one))
          },
        ),
        { numRuns: LAW_RUNS ?? 3, endOnFailure: true, seed: LAW_RUNS ? LAW_SEED : 82_423_447 },
      )
    },
    LAW_TIMEOUT_MS,
  )

  test('leave nothing out when the database went back', async () => {
    await using world = await open()
    await append(world.journal, await entriesOf([]))
    const [first, second, third] = await world.journal.read(0n, 3)
    if (!first || !second || !third) throw new Error('there are three people')
    for (const projection of world.projections()) {
      await projection.apply([first, second], { after: 0n })
      await world.pool.query('update projection_positions set position = $1', [first.position])
      const going = projection.apply([third], { after: second.position })
      await expect(going).rejects.toThrow('went back')
      await projection.apply([second, third], { after: first.position })
      expect(await projection.position()).toBe(third.position)
    }
  })

  test('answer what people did: follow, tag, write, edit, delete, purge', async () => {
    await using world = await open()
    const { journal, graph, index } = world
    const [graphing, searching] = world.projections() as [Projection, Projection]
    const go = async () => {
      await catchUp(journal, graphing)
      await catchUp(journal, searching)
    }
    let event = 0
    const say = async (
      owner: PublicKeyZ32,
      o: { path: StoragePath; body?: Uint8Array },
      host = HOSTS[0],
    ) => {
      event += 1
      const entry: NewObjectEntry = {
        kind: o.body ? 'PUT' : 'DEL',
        owner,
        host,
        eventId: String(event) as EventId,
        path: o.path,
        receivedAtMs: Number(START / 1000n) + event,
        hash: o.body ? blake3Sync(o.body) : null,
        body: o.body ? { at: 'row', bytes: o.body } : null,
        proof: null,
        status: 'ok',
        reason: null,
        format: 1,
      }
      await journal.append(host, [entry], { owner: null, eventId: entry.eventId })
    }
    const key = POSTS[0] ?? { author: A, id: '' as PostId }
    const hello = buildPost({ content: 'hello bitcoin', kind: 'short' }, key.id)
    const tag = buildTag(postUri(key), 'money', START)
    const other = { ...tag, path: tag.path.replace('pubky.app', 'other.app') as StoragePath }
    await say(B, tag)
    await say(A, hello)
    await say(B, buildFollow(A, START))
    await go()
    expect(await graph.reach(A, { kind: 'followers' }, { limit: 5 })).toEqual([])
    // Nobody's host is known yet; with the records everything counts.
    for (const owner of PEOPLE) await journal.appendHome(home(owner, 0, 1n, 1))
    await go()
    expect(await graph.reach(A, { kind: 'followers' }, { limit: 5 })).toEqual([B])
    const find = async (text: string, o = {}) =>
      (await index.posts({ text, limit: 5, ...o })).length
    expect(await find('bitcoin', { tag: 'money' as Label })).toBe(1)
    const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }
    const hot = () => graph.hotTags({ window: all, taggersLimit: 5, limit: 5 })
    expect(await hot()).toMatchObject([{ label: 'money', taggers: [B] }])
    // The same label from another app: the edge lives while either does.
    await say(B, other)
    await say(B, { path: tag.path })
    await go()
    expect(await hot()).toMatchObject([{ label: 'money', taggers: [B] }])
    await say(B, { path: other.path })
    await go()
    expect(await hot()).toEqual([])
    expect(await index.labels('money', { limit: 5 })).toEqual([])
    // A host that is nobody's home says nothing.
    await say(A, { path: hello.path }, HOSTS[1])
    await go()
    expect(await find('bitcoin')).toBe(1)
    await say(A, buildPost({ content: 'edited', kind: 'short' }, key.id))
    await go()
    expect([await find('bitcoin'), await find('edited')]).toEqual([0, 1])
    await say(C, buildProfile({ name: 'Carol' }))
    await go()
    expect(await index.users({ namePrefix: 'car' }, { limit: 5 })).toEqual([C])
    await journal.appendPurge({
      kind: 'PURGE',
      owner: C,
      path: null,
      receivedAtMs: 9,
      reason: null,
    })
    await say(A, { path: hello.path })
    await go()
    expect(await index.users({ namePrefix: 'car' }, { limit: 5 })).toEqual([])
    expect(await find('edited')).toBe(0)
  })
})
