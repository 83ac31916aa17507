import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBlob, buildPost, createIdClock } from '@pubky/app-specs'
import { nowMicros, toHex, verifyObjectProof } from '@pubky/protocol'
import { createPkarrClient } from '@pubky/sdk'
import { createFileBlobStore, createSafeFetch, Teardown } from '@pubky/server-kit'
import { joinNetwork, startTestNetwork } from '@pubky/testkit/network'
import { createTestDatabase } from '@pubky/testkit/pg'
import { expect, test } from 'vitest'
import { createPkarrDirectory } from './directory.ts'
import type { JournalEntry, ObjectEntry } from './entries.ts'
import { createPgJournal } from './pg-journal.ts'
import { createWatcher } from './watcher.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/nexus/migrations')

const NOTHING = new Uint8Array()
const objects = (entries: readonly JournalEntry[]) =>
  entries.filter((e): e is ObjectEntry => e.kind === 'PUT' || e.kind === 'DEL')

test('what people write to a real homeserver is in the journal, with its proof', async () => {
  await using teardown = new Teardown()
  const network = teardown.use(await startTestNetwork())
  const database = teardown.use(await createTestDatabase(MIGRATIONS))
  const dir = await mkdtemp(join(tmpdir(), 'indexer-net-'))
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  const blobs = createFileBlobStore({ dir })
  const fetch = teardown.use(createSafeFetch({ allowPrivate: true, timeoutMs: 60_000 }))
  const pkarr = createPkarrClient({ relays: [network.relay], fetch })
  const journal = teardown.use(
    createPgJournal({ ...database, blobs, onStrangers: () => watcher.noticeStrangers() }),
  )
  const watcher = createWatcher({
    pool: database.pool,
    journal,
    blobs,
    directory: createPkarrDirectory({ pkarr, localHost: 'localhost' }),
    fetch,
    sources: [network.homeserverKey],
    clock: nowMicros,
    log: { info: () => {}, warn: () => {} },
  })
  const stop = new AbortController()
  const running = watcher.run(stop.signal)
  teardown.add(async () => {
    stop.abort()
    await running
  })
  const until = async (enough: (entries: JournalEntry[]) => boolean): Promise<JournalEntry[]> => {
    let entries: JournalEntry[] = []
    for await (const _ of journal.wake({ signal: AbortSignal.timeout(120_000) })) {
      entries = await journal.read(0n, 1_000)
      if (enough(entries)) return entries
    }
    throw new Error(`never came: ${entries.map((e) => e.kind).join(' ')}`)
  }
  const count = (n: number) => (entries: JournalEntry[]) => objects(entries).length >= n

  const { key: owner, session } = await joinNetwork(network)
  const ids = createIdClock(nowMicros)
  const first = buildPost({ content: 'first', kind: 'short' }, ids())
  const blob = buildBlob(Buffer.alloc(50_000, 'pixels'))
  await session.storage.put(first.path, first.body)
  await session.storage.put(blob.path, blob.body)
  const entries = await until((all) => count(2)(all) && all.some((e) => e.kind === 'HOME'))
  expect(entries.find((e) => e.kind === 'HOME')).toMatchObject({
    owner,
    host: network.homeserverKey,
  })
  const [post, file] = objects(entries)
  expect(post).toMatchObject({ owner, path: first.path, status: 'ok', body: { at: 'row' } })
  expect(file).toMatchObject({ path: blob.path, body: { at: 'blob', size: 50_000 } })
  const proof = await verifyObjectProof(post?.proof ?? NOTHING, {
    owner,
    path: first.path,
    action: 'PUT',
    hash: post?.hash ?? NOTHING,
  })
  expect(proof.signer).not.toBe(owner)
  expect(await blobs.stat(toHex(file?.hash ?? NOTHING))).toMatchObject({ size: 50_000 })

  await session.storage.delete(first.path)
  const gone = objects(await until(count(3))).find((e) => e.kind === 'DEL')
  expect(gone?.path).toBe(first.path)
  const deletion = { owner, path: first.path, action: 'DELETE' } as const
  await verifyObjectProof(gone?.proof ?? NOTHING, deletion)
})
