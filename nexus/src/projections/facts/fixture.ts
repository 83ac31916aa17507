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
  type PostId,
  postUri,
  profileUri,
} from '@pubky/app-specs'
import {
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
import { fc } from '@pubky/testkit/properties'
import { createPostgresGraph } from '../../graph/pg/postgres-graph.ts'
import { createPostgresSearch } from '../../search/pg/postgres-search.ts'
import { createGraphProjection } from '../graph/graph-projection.ts'
import { createSearchProjection } from '../search/search-projection.ts'

/** For tests: histories of a few people, and a journal with the projections on it. */
const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/nexus/migrations')
const pair = (n: number) => keypairFromSeed(new Uint8Array(32).fill(n))
export const PEOPLE = [1, 2, 3, 4].map((n) => pair(n).publicKey)
export const [A, B, C] = PEOPLE as [PublicKeyZ32, PublicKeyZ32, PublicKeyZ32]
export const HOSTS = [pair(100).publicKey, pair(101).publicKey] as const
export const START = nowMicros()
const ids = createIdClock(() => toMicros(START))
export const POSTS = PEOPLE.map((author) => ({ author, id: ids() as PostId }))
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
const one = ({ path, body }: { path: StoragePath; body: Uint8Array }) => ({
  path,
  bodies: [body],
})

type Fresh = NewObjectEntry | NewHomeEntry
export interface Step {
  person: number
  object: number
  body: number
  action: 'PUT' | 'DEL' | 'superseded' | 'home' | 'revoke'
  proof: 'none' | 'good' | 'old' | 'forged' | 'phone'
  host: 0 | 1
}

export const step: fc.Arbitrary<Step> = fc.record({
  person: fc.nat(PEOPLE.length - 1),
  // The profile and the post have several versions, and so something that may come back.
  object: fc.oneof(fc.nat(1), fc.nat(1_000)),
  body: fc.nat(2),
  action: fc.constantFrom('PUT', 'PUT', 'PUT', 'PUT', 'DEL', 'DEL', 'superseded', 'home', 'revoke'),
  proof: fc.constantFrom('none', 'none', 'good', 'old', 'forged', 'phone', 'phone'),
  host: fc.constantFrom(0, 0, 0, 1),
})

export async function entriesOf(steps: readonly Step[]): Promise<Fresh[]> {
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

export async function proofOf(
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
export function revocation(n: number) {
  const signer = PHONE.publicKey
  const at = Number(START) + Math.floor(n / 2)
  const body = encodeKeyRule({ says: 'revoked', signer, at, keep: null })
  return { path: revocationPath(signer), bodies: [body] }
}

export const home = (
  owner: PublicKeyZ32,
  host: 0 | 1,
  micros: bigint,
  at: number,
): NewHomeEntry => ({
  kind: 'HOME',
  owner,
  host: HOSTS[host],
  recordMicros: micros as Micros,
  receivedAtMs: at,
})

export async function open() {
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

export async function append(journal: Journal, entries: readonly Fresh[]): Promise<void> {
  for (const entry of entries) {
    if (entry.kind === 'HOME') await journal.appendHome(entry)
    else await journal.append(entry.host, [entry], { owner: null, eventId: entry.eventId })
  }
}

/** Goes through the journal in batches of this size, each projection started anew now and then. */
export async function project(world: World, size: number): Promise<Projection[]> {
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
export async function contents(world: World): Promise<unknown> {
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

export const digests = (projections: Projection[]) =>
  Promise.all(projections.map((p) => p.stateDigest()))

/** Another order that keeps each owner's homes in theirs; everything else may change places. */
export function interleave(entries: readonly Fresh[], order: readonly number[]): Fresh[] {
  const queues = PEOPLE.map((owner) => entries.filter((entry) => entry.owner === owner))
  const mixed: Fresh[] = []
  for (let n = 0; mixed.length < entries.length; n += 1) {
    const filled = queues.filter((queue) => queue.length > 0)
    const next = filled[(order[n % order.length] ?? 0) % filled.length]?.shift()
    if (next) mixed.push(next)
  }
  return mixed
}
