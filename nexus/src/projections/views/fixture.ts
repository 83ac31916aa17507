import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  catchUp,
  createPgJournal,
  type JournalEntry,
  type NewHomeEntry,
  type NewObjectEntry,
  type NewPurgeEntry,
} from '@pubky/indexer'
import {
  blake3Sync,
  createObjectProof,
  EMPTY_HASH,
  type EventId,
  type Keypair,
  keypairFromSeed,
  type Micros,
  type PublicKeyZ32,
  type StoragePath,
  signerFromKeypair,
  signGrant,
  utf8,
} from '@pubky/protocol'
import { createFileBlobStore, createPool } from '@pubky/server-kit'
import { createTestDatabase } from '@pubky/testkit/pg'
import { createViews } from './views.ts'

/** For tests: a journal and the views on it. */
export const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/nexus/migrations')
export const START_MS = 1_764_000_000_000

/** How often each law is put to the test; `npm run prove -- convergence` says more. */
export const LAW_RUNS = process.env.PROVE_RUNS ? Number(process.env.PROVE_RUNS) : null
export const LAW_SEED = Number(process.env.PROVE_SEED ?? 20_251_124)
export const LAW_TIMEOUT_MS = LAW_RUNS ? 3_600_000 : 600_000

const keypairOf = (n: number): Keypair => keypairFromSeed(new Uint8Array(32).fill(n))
export const HOSTS = [101, 102].map((n) => keypairOf(n).publicKey)
export const PEOPLE = [1, 2, 3, 4, 5].map(keypairOf)

export type NewEntry = NewHomeEntry | NewObjectEntry | NewPurgeEntry

/** What a test says of an object; the rest is filled in. */
export interface ObjectSpec {
  kind: 'PUT' | 'DEL'
  owner: PublicKeyZ32
  path: StoragePath
  body?: Uint8Array
  host?: PublicKeyZ32
  eventId: number
  receivedAtMs: number
  status?: NewObjectEntry['status']
  /** Timestamp of a proof by the owner; `invalid` for one that proves nothing. */
  proof?: number | 'invalid'
  /** Signed by a key that the owner granted. */
  byPhone?: boolean
}

/** Everybody's phone has the same key. */
export const PHONE = keypairOf(77)

async function phoneOf(owner: Keypair) {
  const claims = { clientId: 'phone', caps: ['/:rw'], cnf: PHONE.publicKey, iat: 0, exp: 4e9 }
  return signerFromKeypair(PHONE, await signGrant(signerFromKeypair(owner), claims))
}

export async function objectEntry(o: ObjectSpec): Promise<NewObjectEntry> {
  const bytes = o.body ?? utf8('{}')
  const hash = o.kind === 'PUT' ? blake3Sync(bytes) : null
  const status = o.status ?? 'ok'
  return {
    kind: o.kind,
    owner: o.owner,
    host: o.host ?? (HOSTS[0] as PublicKeyZ32),
    eventId: String(o.eventId) as EventId,
    path: o.path,
    receivedAtMs: o.receivedAtMs,
    hash,
    body: o.kind === 'PUT' && status === 'ok' ? { at: 'row', bytes } : null,
    proof: o.proof === undefined ? null : await proofOf(o, hash ?? EMPTY_HASH),
    status,
    reason: status === 'ok' ? null : 'test',
    format: 1,
  }
}

async function proofOf(o: ObjectSpec, hash: Uint8Array): Promise<Uint8Array> {
  const keypair = PEOPLE.find(({ publicKey }) => publicKey === o.owner) ?? keypairOf(1)
  const timestamp = (o.proof === 'invalid' ? 99n : BigInt(o.proof ?? 0)) as Micros
  const action = o.kind === 'PUT' ? 'PUT' : 'DELETE'
  const { owner, path } = o
  const about = { owner, path, action, hash, timestamp } as const
  const signer = o.byPhone ? await phoneOf(keypair) : signerFromKeypair(keypair)
  const proof = await createObjectProof(signer, about)
  if (o.proof === 'invalid') proof[100] = (proof[100] ?? 0) ^ 1
  return proof
}

/** The hash of what lies at a path now. */
export async function hashOf(world: World, owner: string, path: string): Promise<Uint8Array> {
  const { rows } = await world.db.pool.query<{ hash: Buffer }>(
    'select hash from objects where owner = $1 and path = $2',
    [owner, path],
  )
  return rows[0]?.hash ?? EMPTY_HASH
}

/** A journal in a database of its own, and the views that are computed from it. */
export async function openWorld() {
  const db = await createTestDatabase(MIGRATIONS)
  const dir = await mkdtemp(join(tmpdir(), 'views-'))
  const blobs = createFileBlobStore({ dir })
  const journal = createPgJournal({ ...db, blobs })
  const pool = createPool(db.url, { max: 4, pipeline: true })
  const views = createViews({ pool })

  async function append(entry: NewEntry): Promise<void> {
    if (entry.kind === 'HOME') await journal.appendHome(entry)
    else if (entry.kind === 'PURGE') await journal.appendPurge(entry)
    else await journal.append(entry.host, [entry], { owner: null, eventId: entry.eventId })
  }

  async function entries(): Promise<JournalEntry[]> {
    return journal.read(0n, 100_000)
  }

  return {
    db,
    journal,
    views,
    append,
    entries,
    apply: () => catchUp(journal, views),
    async clear(): Promise<void> {
      await db.pool.query('truncate journal, homes, home_checks, source_cursors, live_log')
      await views.reset()
    },
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]()
      await pool.end()
      await db[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export type World = Awaited<ReturnType<typeof openWorld>>
