import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPost, timestampId } from '@pubky/app-specs'
import {
  blake3Sync,
  createObjectProof,
  type EventId,
  keypairFromSeed,
  type Micros,
  nowMicros,
  type PublicKeyZ32,
  type StoragePath,
  signerFromKeypair,
  toMicros,
} from '@pubky/protocol'
import { type BlobStore, createFileBlobStore } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createCompactor } from './compactor.ts'
import type { NewObjectEntry } from './entries.ts'
import type { Journal } from './journal.ts'
import { createPgJournal } from './pg-journal.ts'
import { createPresence } from './presence.ts'
import { createSources } from './sources.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/nexus/migrations')
const pair = (n: number) => keypairFromSeed(new Uint8Array(32).fill(n))
const HOST = pair(100).publicKey
const OTHER = pair(101).publicKey
const ALICE = pair(1).publicKey
const BOB = pair(2).publicKey

let database: TestDatabase
let dir: string
let blobs: BlobStore
let journal: Journal & AsyncDisposable
const undo: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  database = await createTestDatabase(MIGRATIONS)
  dir = await mkdtemp(join(tmpdir(), 'journal-'))
  blobs = createFileBlobStore({ dir })
  journal = createPgJournal({ ...database, blobs })
  const [db, folder, log] = [database, dir, journal]
  undo.push(async () => {
    await log[Symbol.asyncDispose]()
    await db[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
})
afterAll(async () => {
  for (const work of undo) await work()
})

function entry(id: number, o: Partial<NewObjectEntry> = {}): NewObjectEntry {
  const bytes = Buffer.from(`{"n":${id}}`)
  return {
    kind: 'PUT',
    owner: ALICE,
    host: HOST,
    eventId: String(id) as EventId,
    path: `/pub/pubky.app/posts/${id}` as StoragePath,
    receivedAtMs: 1_700_000_000_000 + id,
    hash: blake3Sync(bytes),
    body: { at: 'row', bytes },
    proof: null,
    status: 'ok',
    reason: null,
    format: 1,
    ...o,
  }
}
const cursor = (id: number) => ({ owner: null, eventId: String(id) as EventId, line: `line ${id}` })
const home = (owner: PublicKeyZ32, host: PublicKeyZ32 | null, micros: bigint) => ({
  kind: 'HOME' as const,
  owner,
  host,
  recordMicros: micros as Micros,
  receivedAtMs: 1,
})

interface Present {
  holder: string
  stop: AbortController
  ended: Promise<void>
  heldAgain(): Promise<void>
}

/** A process of the name, as long as it is not ended. */
async function present(): Promise<Present> {
  const { holder, hold } = createPresence(database.pool)
  const stop = new AbortController()
  let onHeld = () => {}
  const next = () =>
    new Promise<void>((resolve) => {
      onHeld = resolve
    })
  const first = next()
  const ended = hold(stop.signal, () => onHeld())
  await first
  const one = { holder, stop, ended, heldAgain: next }
  undo.unshift(() => endPresence(one))
  return one
}

async function endPresence({ stop, ended }: Present): Promise<void> {
  stop.abort()
  await ended
}

describe('the journal', () => {
  test('gives back what was appended, with gapless positions', async () => {
    const some = [
      entry(1),
      entry(2, { status: 'superseded', reason: 'absent', body: null, hash: null }),
      entry(3, { kind: 'DEL', body: null, hash: null, proof: Uint8Array.of(9, 8) }),
      entry(4, { body: { at: 'blob', key: 'a'.repeat(64), size: 77 } }),
      entry(5, { body: { at: 'row', bytes: new Uint8Array() } }),
    ]
    expect(await journal.append(HOST, some, cursor(5))).toBe(5n)
    const plain = (await journal.read(0n, 100)).map((e) => JSON.parse(stringify(e)))
    const expected = some.map((e, i) => JSON.parse(stringify({ ...e, position: BigInt(i + 1) })))
    expect(plain).toEqual(expected)
    expect(await journal.head()).toBe(5n)
  })

  test('leaves out what it has and never moves a cursor back', async () => {
    await journal.append(HOST, [entry(1), entry(2)], cursor(2))
    expect(await journal.append(HOST, [entry(2), entry(3)], cursor(3))).toBe(3n)
    await journal.append(HOST, [entry(1)], cursor(1))
    const { rows } = await database.pool.query('select event_id, last_line from source_cursors')
    expect(rows).toEqual([{ event_id: '3', last_line: 'line 3' }])
    expect(await journal.head()).toBe(3n)
  })

  test('readers never see a position before the ones below it, with many writers', async () => {
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let n = 0; n < 20; n += 1) {
        const id = w * 1_000 + n + 1
        await journal.append(
          w % 2 ? HOST : OTHER,
          [entry(id, { host: w % 2 ? HOST : OTHER })],
          cursor(id),
        )
      }
    })
    const done = Promise.all(writers)
    let seen = 0n
    const stop = AbortSignal.timeout(120_000)
    for await (const _ of journal.wake({ signal: stop })) {
      for (const { position } of await journal.read(seen, 1_000)) {
        expect(position).toBe(seen + 1n)
        seen = position
      }
      if (seen === 160n) break
    }
    await done
    expect(seen).toBe(160n)
  })

  test('bounds a batch by the bytes of its bodies but always gives one entry', async () => {
    const body = { at: 'row' as const, bytes: Buffer.alloc(1024 * 1024 * 6) }
    await journal.append(
      HOST,
      [1, 2, 3, 4, 5].map((n) => entry(n, { body })),
      cursor(5),
    )
    expect((await journal.read(0n, 100)).map((e) => e.position)).toEqual([1n, 2n, 3n])
    expect((await journal.read(3n, 100)).map((e) => e.position)).toEqual([4n, 5n])
  })

  test('gives those who follow the newest entries as they were appended, and the others from its rows', async () => {
    const some = [entry(1), entry(2, { kind: 'DEL', body: null, hash: null })]
    await journal.append(HOST, some, cursor(2))
    const read = await journal.read(0n, 10)
    expect(await journal.next(0n, 10)).toEqual(read)
    const [again] = await journal.next(0n, 1)
    expect((await journal.next(0n, 1))[0]).toBe(again)
    await journal.appendHome(home(ALICE, HOST, 1n))
    await journal.append(HOST, [entry(3)], cursor(3))
    expect(await journal.next(0n, 10)).toEqual(await journal.read(0n, 10))
    expect(await journal.next(3n, 10)).toEqual(await journal.read(3n, 10))
    await journal.append(HOST, [entry(3), entry(4)], cursor(4))
    expect(await journal.next(4n, 10)).toMatchObject([{ eventId: '4', position: 5n }])
  })

  test('tells a reader once how far it may read', async () => {
    const told: (bigint | null)[] = []
    const stop = new AbortController()
    const listening = (async () => {
      for await (const head of journal.wake({ signal: stop.signal })) told.push(head)
    })()
    await journal.append(HOST, [entry(1), entry(2)], cursor(2))
    await journal.append(HOST, [entry(2)], cursor(2))
    await journal.appendHome(home(ALICE, HOST, 1n))
    // Notices come in order: what another process says comes after everything that could be told twice.
    await using other = createPgJournal({ ...database, blobs })
    let last = 2
    const isHeard = async () => {
      last += 1
      await other.append(HOST, [entry(last)], cursor(last))
      return told.some((head) => head !== null && head > 3n)
    }
    await expect.poll(isHeard).toBe(true)
    stop.abort()
    await listening
    expect(told[0]).toBeNull()
    expect(told.filter((head) => head !== null && head <= 3n)).toEqual([2n, 3n])
  })

  test('can be read for some owners only', async () => {
    await journal.append(HOST, [entry(1), entry(2, { owner: BOB }), entry(3)], cursor(3))
    const entries = await journal.read(0n, 100, { owners: [BOB] })
    expect(entries.map((e) => [e.owner, e.position])).toEqual([[BOB, 2n]])
  })

  test('refuses a process that has lost the host', async () => {
    const sources = createSources(database.pool)
    await sources.add(HOST, 10)
    const [first, second] = [await present(), await present()]
    expect(await sources.lease(first.holder, 10)).toEqual([HOST])
    expect(await sources.lease(second.holder, 10)).toEqual([])
    await journal.append(HOST, [entry(1)], { ...cursor(1), holder: first.holder })
    await expect(
      journal.append(HOST, [entry(2)], { ...cursor(2), holder: second.holder }),
    ).rejects.toMatchObject({ code: 'lease_lost' })
    expect(await journal.head()).toBe(1n)
  })

  test('gives the hosts of a process that is gone to the next at once, and comes back after a lost connection', async () => {
    const sources = createSources(database.pool)
    await sources.add(HOST, 10)
    const [first, second] = [await present(), await present()]
    expect(await sources.lease(first.holder, 10)).toEqual([HOST])
    // The database sees the connection of a killed process close.
    await endPresence(first)
    await expect.poll(() => sources.lease(second.holder, 10)).toEqual([HOST])
    expect(await sources.renew(first.holder)).toEqual([])
    await expect(
      journal.append(HOST, [entry(1)], { ...cursor(1), holder: first.holder }),
    ).rejects.toMatchObject({ code: 'lease_lost' })
    const { rows } = await database.pool.query<{ pid: number }>(
      "select pid from pg_locks where locktype = 'advisory' and objid = hashtext($1)::oid",
      [second.holder],
    )
    expect(rows).toHaveLength(1)
    const again = second.heldAgain()
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await again
    expect(await sources.lease((await present()).holder, 10)).toEqual([])
  })

  test('forgets a host that never answers, unless it is of the configuration', async () => {
    const sources = createSources(database.pool, [HOST])
    for (const host of [HOST, OTHER]) {
      await sources.add(host, 10)
      for (let n = 0; n < 10; n += 1) await sources.strike(host, 'unreachable')
    }
    expect(await sources.list()).toEqual([HOST])
    await sources.add(OTHER, 10)
    await sources.meet(OTHER)
    for (let n = 0; n < 10; n += 1) await sources.strike(OTHER, 'unreachable')
    expect(await sources.list()).toEqual([HOST, OTHER])
  })

  test('gives the row of a host that never answered to a new one when all are taken', async () => {
    const sources = createSources(database.pool, [HOST])
    for (const host of [HOST, OTHER]) await sources.add(host, 2)
    for (const host of [HOST, HOST, OTHER]) await sources.strike(host, 'unreachable')
    expect(await sources.add(ALICE, 2)).toBe(true)
    expect(await sources.list()).toEqual([HOST, ALICE])
    expect(await sources.add(BOB, 2)).toBe(false)
  })

  test('appends a home only when a newer record says something new', async () => {
    expect(await journal.appendHome(home(ALICE, null, 1n))).toBe(0n)
    expect(await journal.appendHome(home(ALICE, HOST, 2n))).toBe(1n)
    expect(await journal.appendHome(home(ALICE, HOST, 3n))).toBe(1n)
    expect(await journal.appendHome(home(ALICE, OTHER, 2n))).toBe(1n)
    expect(await journal.appendHome(home(ALICE, OTHER, 4n))).toBe(2n)
    expect(await journal.appendHome(home(ALICE, null, 5n))).toBe(3n)
    const entries = await journal.read(0n, 10)
    expect(entries.map((e) => e.kind === 'HOME' && [e.host, e.recordMicros])).toEqual([
      [HOST, 2n],
      [OTHER, 4n],
      [null, 5n],
    ])
  })

  test('appends a home again when its record mirrors another policy', async () => {
    const mirrored = (n: bigint, policy: Uint8Array | null) =>
      journal.appendHome({ ...home(ALICE, HOST, n), policy })
    const policy = new Uint8Array([1, 2])
    expect(await mirrored(1n, null)).toBe(1n)
    expect(await mirrored(2n, policy)).toBe(2n)
    expect(await mirrored(3n, policy)).toBe(2n)
    expect(await mirrored(4n, null)).toBe(3n)
    const told = (await journal.read(0n, 10)).map((e) => e.kind === 'HOME' && (e.policy ?? null))
    expect(told).toEqual([null, Buffer.from(policy), null])
  })

  test('a purge takes the bodies and says so', async () => {
    const key = await storeBlob('secret')
    await journal.append(
      HOST,
      [entry(1), entry(2, { body: { at: 'blob', key, size: 6 } }), entry(3, { owner: BOB })],
      cursor(3),
    )
    await journal.appendPurge({
      kind: 'PURGE',
      owner: ALICE,
      path: null,
      receivedAtMs: 5,
      reason: 'court',
    })
    const entries = await journal.read(0n, 10)
    expect(entries.map((e) => ('body' in e ? e.body?.at : e.kind))).toEqual([
      'erased',
      'erased',
      'row',
      'PURGE',
    ])
    expect(await blobs.stat(key)).toBeNull()
  })
})

describe('the compactor', () => {
  const id = timestampId(nowMicros())
  const post = buildPost(
    {
      content: `hello pubky${BOB}`,
      kind: 'short',
      parent: `pubky://${BOB}/pub/pubky.app/posts/${id}`,
    },
    id,
  )
  const put = (event: number, o: Partial<NewObjectEntry> = {}) =>
    entry(event, {
      path: post.path,
      body: { at: 'row', bytes: post.body },
      hash: blake3Sync(post.body),
      receivedAtMs: Date.now(),
      ...o,
    })
  const del = (event: number, o: Partial<NewObjectEntry> = {}) =>
    entry(event, { kind: 'DEL', path: post.path, body: null, hash: null, ...o })
  const bodies = async () =>
    (await journal.read(0n, 100)).map((e) => (e.kind === 'PUT' ? e.body?.at : e.kind))

  test('erases the versions of a deleted object and keeps what they refer to', async () => {
    await journal.append(HOST, [put(1), put(2), del(3), put(4)], cursor(4))
    const compactor = createCompactor({ pool: database.pool, blobs })
    expect(await compactor.compact()).toBe(2)
    expect(await bodies()).toEqual(['erased', 'erased', 'DEL', 'row'])
    const [first] = await journal.read(0n, 1)
    expect(first).toMatchObject({
      body: {
        refs: {
          kind: 'short',
          mentions: [BOB],
          parent: `pubky://${BOB}/pub/pubky.app/posts/${id}`,
        },
      },
      hash: Buffer.from(blake3Sync(post.body)),
    })
    expect(await compactor.compact()).toBe(0)
  })

  test('believes a host only about its own entries', async () => {
    await journal.append(HOST, [put(1)], cursor(1))
    await journal.append(OTHER, [del(9, { host: OTHER })], cursor(9))
    await createCompactor({ pool: database.pool, blobs }).compact()
    expect(await bodies()).toEqual(['row', 'DEL'])
  })

  test('believes a host only while it is the home of the owner', async () => {
    await journal.appendHome({ ...home(ALICE, HOST, 1n), receivedAtMs: 1 })
    await journal.append(HOST, [put(1)], cursor(1))
    const movedAt = put(1).receivedAtMs + 1
    await journal.appendHome({ ...home(ALICE, OTHER, 2n), receivedAtMs: movedAt })
    await journal.append(HOST, [del(2, { receivedAtMs: movedAt + 1 })], cursor(2))
    const compactor = createCompactor({ pool: database.pool, blobs })
    expect(await compactor.compact()).toBe(0)
    await journal.appendHome({ ...home(ALICE, HOST, 3n), receivedAtMs: movedAt + 2 })
    await journal.append(HOST, [del(3, { receivedAtMs: movedAt + 3 })], cursor(3))
    expect(await compactor.compact()).toBe(1)
  })

  test('keeps an unsigned version that a replayed deletion does not reach', async () => {
    const signer = signerFromKeypair(pair(1))
    const at = nowMicros()
    const sign = (action: 'PUT' | 'DELETE', micros: bigint, hash: Uint8Array) =>
      createObjectProof(signer, {
        owner: ALICE,
        action,
        path: post.path,
        hash,
        timestamp: toMicros(micros),
      })
    const signed = await sign('PUT', at, blake3Sync(post.body))
    const replayed = await sign('DELETE', at - 10n, new Uint8Array(32))
    const some = [put(1, { proof: signed }), put(2), del(3, { proof: replayed })]
    await journal.append(HOST, some, cursor(3))
    const compactor = createCompactor({ pool: database.pool, blobs })
    expect(await compactor.compact()).toBe(0)
    await journal.append(HOST, [del(4)], cursor(4))
    expect(await compactor.compact()).toBe(2)
  })

  test('keeps what a replayed or forged deletion cannot delete', async () => {
    const signer = signerFromKeypair(pair(1))
    const at = nowMicros()
    const sign = (action: 'PUT' | 'DELETE', micros: bigint, hash: Uint8Array) =>
      createObjectProof(signer, {
        owner: ALICE,
        action,
        path: post.path,
        hash,
        timestamp: toMicros(micros),
      })
    const newer = await sign('PUT', at, blake3Sync(post.body))
    const replayed = await sign('DELETE', at - 10n, new Uint8Array(32))
    const forged = new Uint8Array(await sign('DELETE', at + 10n, new Uint8Array(32)))
    forged[80] = (forged[80] ?? 0) ^ 1
    await journal.append(
      HOST,
      [put(1, { proof: newer }), del(2, { proof: replayed }), del(3, { proof: forged })],
      cursor(3),
    )
    const compactor = createCompactor({ pool: database.pool, blobs })
    expect(await compactor.compact()).toBe(0)
    await journal.append(
      HOST,
      [del(4, { proof: await sign('DELETE', at + 1n, new Uint8Array(32)) })],
      cursor(4),
    )
    expect(await compactor.compact()).toBe(1)
  })

  test('deletes a blob only when its last owner has deleted it', async () => {
    const key = await storeBlob('shared')
    const body = { at: 'blob' as const, key, size: 6 }
    const path = '/pub/pubky.app/blobs/X' as StoragePath
    await journal.append(
      HOST,
      [put(1, { path, body }), put(2, { path, body, owner: BOB }), del(3, { path })],
      cursor(3),
    )
    const compactor = createCompactor({ pool: database.pool, blobs })
    await compactor.compact()
    expect(await blobs.stat(key)).not.toBeNull()
    await journal.append(HOST, [del(4, { path, owner: BOB })], cursor(4))
    await compactor.compact()
    expect(await blobs.stat(key)).toBeNull()
  })
})

async function storeBlob(text: string): Promise<string> {
  const key = Buffer.from(blake3Sync(Buffer.from(text))).toString('hex')
  const writer = await blobs.begin(key)
  await writer.write(Buffer.from(text))
  await writer.finish()
  return key
}

function stringify(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === 'bigint') return String(v)
    if (v instanceof Uint8Array) return Buffer.from(v).toString('hex')
    const buffer = v as { type?: string; data?: number[] } | null
    return buffer?.type === 'Buffer' ? Buffer.from(buffer.data ?? []).toString('hex') : v
  })
}
