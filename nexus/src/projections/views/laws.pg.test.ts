import type { JournalEntry } from '@pubky/indexer'
import { fc } from '@pubky/testkit/properties'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LAW_RUNS, LAW_SEED, LAW_TIMEOUT_MS, openWorld, type World } from './fixture.ts'
import { entryOf, happeningsOf, intents, interleave, shuffle } from './histories.fixture.ts'
import { type ExpectedState, expectedState } from './model.ts'
import { createViews } from './views.ts'

const RUNS = { numRuns: LAW_RUNS ?? 15, seed: LAW_SEED, endOnFailure: true }
const choices = fc.array(fc.nat(1000), { minLength: 30, maxLength: 30 })

let first: World
let second: World

beforeAll(async () => {
  first = await openWorld()
  second = await openWorld()
})
afterAll(async () => {
  await first?.[Symbol.asyncDispose]()
  await second?.[Symbol.asyncDispose]()
})

/** The same pool, whose connections break at the n-th statement. */
function breaking(pool: Pool, after: number): Pool {
  let left = after
  const connect = async () => {
    const client = await pool.connect()
    return new Proxy(client, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
        return (...args: [never]) => {
          if (left-- === 0) return Promise.reject(new Error('the connection broke'))
          return target.query(...args)
        }
      },
    })
  }
  return new Proxy(pool, {
    get: (target, name) => (name === 'connect' ? connect : Reflect.get(target, name)),
  })
}

/** Applies the journal in pieces, some of which break, are told twice, or are told by somebody new. */
async function applyBadly(side: World, luck: readonly number[]) {
  const all = await side.entries()
  let views = side.views
  for (let from = 0, step = 0; from < all.length; step++) {
    const n = luck[step % luck.length] ?? 0
    const size = 1 + (n % 2 === 0 ? n % 9 : n % 45)
    const piece = all.slice(Math.max(0, from - (n % 4)), from + size)
    if (n % 3 === 0) {
      const broken = createViews({ pool: breaking(side.db.pool, n % 23) })
      await broken.apply(piece, {}).catch(() => {})
    }
    if (n % 5 === 0) views = createViews({ pool: side.db.pool })
    await views.apply(piece, {})
    from += size
  }
}

async function applyOneByOne(world: World, entries: readonly JournalEntry[]) {
  for (const entry of entries) await world.views.apply([entry], {})
}

async function digests(world: World) {
  return { state: await world.views.stateDigest(), notices: await world.views.noticeDigest() }
}

it(
  'state is a function of the set of entries, notices are one of their sequence',
  async () => {
    await fc.assert(
      fc.asyncProperty(intents, choices, choices, async (all, order, luck) => {
        const happenings = happeningsOf(all)
        await first.clear()
        for (const happening of happenings) await first.append(await entryOf(happening))
        await applyOneByOne(first, await first.entries())
        const once = await digests(first)

        await first.views.reset()
        await applyBadly(first, luck)
        const again = await digests(first)
        expect(again.state).toBe(once.state)
        // A purge takes out of the journal what notices were made from.
        const isPurged = happenings.some(({ happens }) => happens === 'purge')
        if (!isPurged) expect(again.notices).toBe(once.notices)

        await second.clear()
        for (const happening of interleave(shuffle(happenings, luck), order)) {
          const entry = await entryOf(happening)
          await second.append(entry)
          // A purge said twice is two purges; everything else that is told again is the same.
          if (entry.kind !== 'PURGE') await second.append(entry)
        }
        await applyBadly(second, luck)
        expect((await digests(second)).state).toBe(once.state)
      }),
      RUNS,
    )
  },
  LAW_TIMEOUT_MS,
)

const VERDICTS = "array['unsigned', 'signed', 'stripped', 'revoked']"

async function shownState(pool: Pool): Promise<ExpectedState> {
  const lines = async (sql: string) => {
    const { rows } = await pool.query<{ line: unknown }>(sql)
    return rows.map(({ line }) => (typeof line === 'string' ? line : JSON.stringify(line))).sort()
  }
  return {
    posts: await lines(`select json_build_object('key', key, 'content', content, 'kind', kind,
        'parent', parent_key, 'repost', repost_key, 'indexedAt', indexed_at,
        'verdict', case when content <> '[DELETED]' then (${VERDICTS})[verdict + 1] end, 'tags', tags,
        'uniqueTags', unique_tags, 'replies', replies, 'reposts', reposts, 'labels', array(
          select l.label || ' ' || l.taggers from post_labels l
          where l.post_key = key and l.engagement = posts.engagement
            and l.indexed_at = posts.indexed_at and l.is_reply = (parent_key is not null)
          order by l.label collate "C")) as line
      from posts where visible`),
    counts: await lines(`select json_build_object('user', user_id, 'tagged', tagged, 'tags', tags,
        'uniqueTags', unique_tags, 'posts', posts, 'replies', replies, 'collections', collections,
        'following', following, 'followers', followers, 'friends', friends, 'bookmarks', bookmarks)
        as line
      from user_counts where tagged + tags + unique_tags + posts + replies + collections + following
        + followers + friends + bookmarks > 0`),
    tags: await lines(`select json_build_object('target', target, 'label', label, 'tagger', tagger,
        'app', app) as line from tags`),
    follows: await lines("select follower || ' ' || followed as line from follows"),
    mutes: await lines("select owner || ' ' || muted as line from mutes"),
    bookmarks: await lines("select owner || ' ' || post_key as line from bookmarks"),
    users: await lines("select id || ' ' || coalesce(name, 'null') as line from users"),
  }
}

it(
  'the tables show what a plain model works out',
  async () => {
    await fc.assert(
      fc.asyncProperty(intents, async (all) => {
        const happenings = happeningsOf(all)
        await first.clear()
        for (const happening of happenings) await first.append(await entryOf(happening))
        await first.apply()
        expect(await shownState(first.db.pool)).toEqual(expectedState(happenings))
        const { rows } = await first.db.pool.query(
          `select from post_labels l where not exists (select from posts p where p.key = l.post_key and p.visible)`,
        )
        expect(rows).toEqual([])
      }),
      { ...RUNS, numRuns: RUNS.numRuns * 2 },
    )
  },
  LAW_TIMEOUT_MS,
)
