import { randomBytes } from 'node:crypto'
import type { StoragePath } from '@pubky/protocol'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { fc } from '@pubky/testkit/properties'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIGRATIONS } from '../testing/server.ts'
import { ancestorsOf, commitWrites, type Outcome, rowOf, type Write } from './commit.ts'
import { createEntryReader } from './read.ts'

let database: TestDatabase
let client: PoolClient

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
  client = await database.pool.connect()
})

afterAll(async () => {
  client?.release()
  await database?.[Symbol.asyncDispose]()
})

interface Op {
  path: number
  kind: 'PUT' | 'DEL'
  /** Of its proof. */
  time: number | null
  createOnly: boolean
}

/** What is known of a path. */
interface Known {
  hash: Buffer | null
  time: number | null
  /** The newest proof, unless an unsigned write followed. */
  proof: Buffer | null
}

const PATHS = 5
const pathOf = (path: number): StoragePath => `/pub/app/${path}` as StoragePath

/** The same for the same statement, as proofs are. */
function proofOf({ path, kind, time }: Op): Buffer | null {
  return time === null ? null : Buffer.from(`${kind} ${pathOf(path)} at ${time}`)
}

const op = fc.record({
  path: fc.nat(PATHS - 1),
  kind: fc.constantFrom('PUT', 'PUT', 'DEL') as fc.Arbitrary<Op['kind']>,
  time: fc.option(fc.integer({ min: 1, max: 9 })),
  createOnly: fc.boolean(),
})
const batch = fc.uniqueArray(op, { selector: ({ path }) => path, minLength: 1, maxLength: PATHS })
/** What older versions wrote: the proof in a row of its own. */
const before = fc.uniqueArray(
  fc.record({
    path: fc.nat(PATHS - 1),
    time: fc.integer({ min: 1, max: 9 }),
    isSigned: fc.boolean(),
  }),
  { selector: ({ path }) => path },
)

/** What has to become of a write, by the words of spec/homeserver.md 5.2 and design 6; changes what is known. */
function judge(known: Known, one: Op, hash: Buffer): Outcome['result'] {
  const proof = proofOf(one)
  if (proof && known.proof?.equals(proof)) return 'same'
  if (one.time !== null && known.time !== null && one.time <= known.time) return 'old_proof'
  if (one.kind === 'DEL' && !known.hash) return 'missing'
  if (one.createOnly && known.hash) return 'exists'
  known.hash = one.kind === 'PUT' ? hash : null
  known.time = one.time ?? known.time
  known.proof = proof
  return 'applied'
}

function toWrite(userId: string, one: Op, hash: Buffer): Write {
  const bytes = proofOf(one)
  const proof = bytes && { timestamp: BigInt(one.time ?? 0), bytes, delegate: null }
  const common = {
    userId,
    path: pathOf(one.path),
    proof,
    createOnly: one.createOnly,
    matches: null,
  }
  if (one.kind === 'DEL') return { ...common, kind: 'DEL' }
  const body = { size: 1, contentType: 'text/plain', inline: Buffer.from('x') }
  return { ...common, ...body, kind: 'PUT', hash, blobKey: null, policy: null }
}

test('whatever is written in whatever batches, entries, proofs, times and events are what the writes say', async () => {
  const user = async () => {
    const sql = 'insert into users (key) values ($1) returning id::text'
    return (await client.query<{ id: string }>(sql, [randomBytes(32)])).rows[0]?.id ?? ''
  }
  await fc.assert(
    fc.asyncProperty(before, fc.array(batch, { maxLength: 12 }), async (old, batches) => {
      const userId = await user()
      const reader = createEntryReader(database.pool)
      const state: Known[] = Array.from({ length: PATHS }, () => ({
        hash: null,
        time: null,
        proof: null,
      }))
      for (const { path, time, isSigned } of old) {
        const known = { hash: randomBytes(32), time, proof: isSigned ? randomBytes(9) : null }
        state[path] = known
        await client.query(
          `with e as (insert into entries (user_id, path, hash, size, content_type) values ($1, $2, $3, 1, 'text/plain'))
          insert into proofs (user_id, path, action, ts_micros, bytes) values ($1, $2, 1, $4, $5)`,
          [userId, pathOf(path), known.hash, time, known.proof],
        )
      }
      const events: unknown[] = []
      for (const ops of batches) {
        const writes = ops.map((one) => ({ one, hash: randomBytes(32) }))
        const rows = writes.map(({ one, hash }) =>
          rowOf(toWrite(userId, one, hash), ancestorsOf(pathOf(one.path))),
        )
        const due = writes.map(({ one, hash }) => {
          const known = state[one.path] as Known
          const highest = known.time
          const result = judge(known, one, hash)
          if (result === 'applied')
            events.push([one.kind === 'PUT' ? 0 : 1, pathOf(one.path), known.hash, known.proof])
          return { result, ...(result === 'old_proof' && { highest: BigInt(highest ?? 0) }) }
        })
        const { outcomes } = await commitWrites(client, rows, { defaultQuota: null, process: 'a' })
        expect(outcomes).toMatchObject(due)
        for (const [path, known] of state.entries()) {
          const entry = await reader.entry(userId, pathOf(path))
          expect([entry?.hash ?? null, entry?.proof ?? null]).toEqual([
            known.hash,
            known.hash && known.proof,
          ])
          const stored = await reader.proof(userId, pathOf(path))
          const due =
            known.time === null ? null : { timestamp: BigInt(known.time), bytes: known.proof }
          expect(stored).toEqual(due)
        }
      }
      const { rows } = await client.query({
        text: 'select kind, path, hash, proof from events where user_id = $1 order by id',
        values: [userId],
        rowMode: 'array',
      })
      expect(rows).toEqual(events)
    }),
    { numRuns: 40 },
  )
})
