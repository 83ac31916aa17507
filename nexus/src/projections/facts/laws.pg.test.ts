import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  blobPath,
  buildBookmark,
  buildFollow,
  buildPost,
  buildProfile,
  buildTag,
  createIdClock,
  hashId,
  type Label,
  type PostId,
  postUri,
  profileUri,
} from '@pubky/app-specs'
import {
  catchUp,
  createCompactor,
  createPgJournal,
  type Journal,
  type JournalEntry,
  type NewHomeEntry,
  type NewObjectEntry,
  type Projection,
} from '@pubky/indexer'
import {
  blake3Sync,
  createObjectProof,
  type EventId,
  encodeKeyRule,
  keypairFromSeed,
  type Micros,
  nowMicros,
  type PublicKeyZ32,
  revocationPath,
  type Signer,
  type StoragePath,
  signerFromKeypair,
  signGrant,
  toMicros,
} from '@pubky/protocol'
import { createFileBlobStore } from '@pubky/server-kit'
import { createTestDatabase } from '@pubky/testkit/pg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPostgresGraph } from '../../graph/pg/postgres-graph.ts'
import { createPostgresSearch } from '../../search/pg/postgres-search.ts'
import { createGraphProjection } from '../graph/graph-projection.ts'
import { createSearchProjection } from '../search/search-projection.ts'
import { LAW_RUNS, LAW_SEED, LAW_TIMEOUT_MS } from '../views/fixture.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/nexus/migrations')
const pair = (n: number) => keypairFromSeed(new Uint8Array(32).fill(n))
const PEOPLE = [1, 2, 3, 4].map((n) => pair(n).publicKey)
const [A, B, C] = PEOPLE as [PublicKeyZ32, PublicKeyZ32, PublicKeyZ32]
const HOSTS = [pair(100).publicKey, pair(101).publicKey] as const
const START = nowMicros()
const ids = createIdClock(() => toMicros(START))
const POSTS = PEOPLE.map((author) => ({ author, id: ids() as PostId }))
const LABELS = ['art', 'dev']

/** Everything a person may write in these histories. */
function objectsOf(person: PublicKeyZ32): { path: StoragePath; bodies: Uint8Array[] }[] {
  const own = POSTS.find((key) => key.author === person) ?? POSTS[0]
  if (!own) throw new Error('no post')
  const post = (content: string, parent: string | null) =>
    buildPost({ content, kind: 'short', parent }, own.id)
  const other = PEOPLE[(PEOPLE.indexOf(person) + 1) % PEOPLE.length] as PublicKeyZ32
  return [
    {
      path: buildProfile({ name: 'Anna' }).path,
      bodies: ['Anna', 'Bert'].map((name) => buildProfile({ name }).body),
    },
    {
      path: post('x', null).path,
      bodies: [
        post('hello world', null).body,
        post(`bitcoin pubky${other}`, postUri(POSTS[0] ?? own)).body,
        Buffer.from('{"content": 5}'),
      ],
    },
    ...PEOPLE.filter((id) => id !== person)
      .map((id) => buildFollow(id, START))
      .map(one),
    ...POSTS.map((key) => one(buildBookmark(postUri(key), START))),
    ...LABELS.flatMap((label) => [
      ...POSTS.map((key) => one(buildTag(postUri(key), label, START))),
      one(buildTag(profileUri(other), label, START)),
    ]),
    // The same edge from another app's folder.
    ...LABELS.map((label) => {
      const { path, body } = buildTag(postUri(POSTS[0] ?? own), label, START)
      return { path: path.replace('pubky.app', 'other.app') as StoragePath, bodies: [body] }
    }),
  ]
}
const one = ({ path, body }: { path: StoragePath; body: Uint8Array }) => ({ path, bodies: [body] })

type Fresh = NewObjectEntry | NewHomeEntry
interface Step {
  person: number
  object: number
  body: number
  action: 'PUT' | 'DEL' | 'superseded' | 'home' | 'revoke'
  proof: 'none' | 'good' | 'old' | 'forged' | 'phone'
  host: 0 | 1
}

const step: fc.Arbitrary<Step> = fc.record({
  person: fc.nat(PEOPLE.length - 1),
  // The profile and the post have several versions, and so something that may come back.
  object: fc.oneof(fc.nat(1), fc.nat(1_000)),
  body: fc.nat(2),
  action: fc.constantFrom('PUT', 'PUT', 'PUT', 'PUT', 'DEL', 'DEL', 'superseded', 'home', 'revoke'),
  proof: fc.constantFrom('none', 'none', 'good', 'old', 'forged', 'phone', 'phone'),
  host: fc.constantFrom(0, 0, 0, 1),
})

async function entriesOf(steps: readonly Step[]): Promise<Fresh[]> {
  const entries: Fresh[] = PEOPLE.map((owner, n) => home(owner, 0, 1n, n))
  for (const [n, s] of steps.entries()) {
    const owner = PEOPLE[s.person] as PublicKeyZ32
    const at = Number(START / 1000n) + n + 10
    if (s.action === 'home') {
      entries.push(home(owner, s.host, BigInt(n + 2), at))
      continue
    }
    const all = s.action === 'revoke' ? [revocation(n)] : objectsOf(owner)
    const object = all[s.object % all.length] ?? { path: blobPath(hashId('x')), bodies: [] }
    const body = object.bodies[s.body % object.bodies.length] ?? new Uint8Array()
    const isPut = s.action !== 'DEL'
    const ok = s.action !== 'superseded'
    const hash = isPut ? blake3Sync(body) : null
    entries.push({
      kind: isPut ? 'PUT' : 'DEL',
      owner,
      host: HOSTS[s.host],
      eventId: String(n + 1) as EventId,
      path: object.path,
      receivedAtMs: at,
      hash,
      body: isPut && ok ? { at: 'row', bytes: body } : null,
      proof: await proofOf(s, owner, object.path, hash, n),
      status: ok ? 'ok' : 'superseded',
      reason: ok ? null : 'absent',
      format: 1,
    })
  }
  return entries
}

async function proofOf(
  s: Step,
  owner: PublicKeyZ32,
  path: StoragePath,
  hash: Uint8Array | null,
  n: number,
) {
  if (s.proof === 'none' && s.action !== 'revoke') return null
  const own = signerFromKeypair(pair(s.person + 1))
  const isPhone = s.proof === 'phone' && s.action !== 'revoke'
  const signer = isPhone ? signerFromKeypair(PHONE, await grantOf(own)) : own
  const timestamp = toMicros(
    s.proof === 'old' && s.action !== 'revoke' ? START : START + BigInt(n + 1),
  )
  const action = s.action === 'DEL' ? 'DELETE' : 'PUT'
  const proof = await createObjectProof(signer, {
    owner,
    action,
    path,
    timestamp,
    hash: hash ?? new Uint8Array(32),
  })
  if (s.proof === 'forged' && s.action !== 'revoke') proof[90] = (proof[90] ?? 0) ^ 1
  return proof
}

/** Everybody's phone has the same key. */
const PHONE = pair(77)
const grantOf = (owner: Signer) =>
  signGrant(owner, { clientId: 'phone', caps: ['/:rw'], cnf: PHONE.publicKey, iat: 0, exp: 4e9 })

/** Of statements from some time before the n-th step on. */
function revocation(n: number) {
  const signer = PHONE.publicKey
  const at = Number(START) + Math.floor(n / 2)
  const body = encodeKeyRule({ says: 'revoked', signer, at, keep: null })
  return { path: revocationPath(signer), bodies: [body] }
}

const home = (owner: PublicKeyZ32, host: 0 | 1, micros: bigint, at: number): NewHomeEntry => ({
  kind: 'HOME',
  owner,
  host: HOSTS[host],
  recordMicros: micros as Micros,
  receivedAtMs: at,
})

async function open() {
  const database = await createTestDatabase(MIGRATIONS)
  const dir = await mkdtemp(join(tmpdir(), 'laws-'))
  const blobs = createFileBlobStore({ dir })
  const journal = createPgJournal({ ...database, blobs })
  const { pool } = database
  const graph = createPostgresGraph(pool)
  const index = createPostgresSearch(pool)
  const projections = () => [
    createGraphProjection({ pool, graph }),
    createSearchProjection({ pool, index }),
  ]
  return {
    journal,
    blobs,
    graph,
    index,
    pool,
    projections,
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
type World = Awaited<ReturnType<typeof open>>

async function append(journal: Journal, entries: readonly Fresh[]): Promise<void> {
  for (const entry of entries) {
    if (entry.kind === 'HOME') await journal.appendHome(entry)
    else await journal.append(entry.host, [entry], { owner: null, eventId: entry.eventId })
  }
}

/** Goes through the journal in batches of this size, each projection started anew now and then. */
async function project(world: World, size: number): Promise<Projection[]> {
  let projections = world.projections()
  const all: JournalEntry[] = await world.journal.read(0n, 10_000)
  for (let from = 0; from < all.length; from += size) {
    const batch = all.slice(from, from + size)
    for (const projection of projections) {
      await projection.apply(batch, {})
      if (from % 3 === 0) await projection.apply(batch, {})
    }
    if (from % 5 === 0) projections = world.projections()
  }
  return projections
}

/** Everything the tables hold. */
async function contents(world: World): Promise<unknown> {
  const tables = [
    'graph_users order by id',
    'graph_posts order by key',
    'graph_mentions order by post, mentioned',
    'graph_follows order by follower, followed',
    'graph_tags order by target, label, tagger',
    'graph_bookmarks order by owner, post',
    'search_posts order by key',
    'search_users order by id',
    'search_labels order by owner_key, label',
    'search_words order by word',
  ]
  const found: unknown[] = []
  for (const table of tables) found.push((await world.pool.query(`select * from ${table}`)).rows)
  return found
}

const digests = (projections: Projection[]) => Promise.all(projections.map((p) => p.stateDigest()))

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

  test('take back what a revoked key wrote over something else', async () => {
    await using world = await open()
    const { journal, index } = world
    const [, searching] = world.projections() as [Projection, Projection]
    const find = async (text: string) => {
      await catchUp(journal, searching)
      return (await index.posts({ text, limit: 5 })).length
    }
    const say = async (n: number, s: Pick<Step, 'action' | 'proof'>, content?: string) => {
      const o = content === undefined ? revocation(10) : buildPost({ content, kind: 'short' }, id)
      const body = 'body' in o ? o.body : (o.bodies[0] ?? new Uint8Array())
      const hash = blake3Sync(body)
      const entry: NewObjectEntry = {
        kind: 'PUT',
        owner: A,
        host: HOSTS[0],
        eventId: String(n) as EventId,
        path: o.path,
        receivedAtMs: Number(START / 1000n) + n,
        hash,
        body: { at: 'row', bytes: body },
        proof: await proofOf({ ...none, ...s }, A, o.path, hash, n),
        status: 'ok',
        reason: null,
        format: 1,
      }
      await journal.append(HOSTS[0], [entry], { owner: null, eventId: entry.eventId })
    }
    const id = POSTS[0]?.id ?? ('' as PostId)
    const none: Step = { person: 0, object: 0, body: 0, action: 'PUT', proof: 'none', host: 0 }
    await journal.appendHome(home(A, 0, 1n, 1))
    await say(1, { action: 'PUT', proof: 'good' }, 'mine')
    await say(20, { action: 'PUT', proof: 'phone' }, 'theirs')
    expect([await find('mine'), await find('theirs')]).toEqual([0, 1])
    await say(21, { action: 'revoke', proof: 'good' })
    expect([await find('mine'), await find('theirs')]).toEqual([1, 0])
    await say(22, { action: 'PUT', proof: 'phone' }, 'theirs')
    expect([await find('mine'), await find('theirs')]).toEqual([1, 0])
  })
})

/** Another order that keeps each owner's homes in theirs; everything else may change places. */
function interleave(entries: readonly Fresh[], order: readonly number[]): Fresh[] {
  const queues = PEOPLE.map((owner) => entries.filter((entry) => entry.owner === owner))
  const mixed: Fresh[] = []
  for (let n = 0; mixed.length < entries.length; n += 1) {
    const filled = queues.filter((queue) => queue.length > 0)
    const next = filled[(order[n % order.length] ?? 0) % filled.length]?.shift()
    if (next) mixed.push(next)
  }
  return mixed
}
