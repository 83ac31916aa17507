import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keypairFromSeed, type PublicKeyZ32 } from '@pubky/protocol'
import { createFileBlobStore, createSafeFetch } from '@pubky/server-kit'
import { createTestDatabase } from '@pubky/testkit/pg'
import type { ScriptedHost } from '@pubky/testkit/scripted-host'
import { expect } from 'vitest'
import type { HomeRecord } from './directory.ts'
import type { JournalEntry, ObjectEntry } from './entries.ts'
import { IndexerError } from './errors.ts'
import { createPgJournal } from './pg-journal.ts'
import { createWatcher, type WatcherOptions } from './watcher.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/nexus/migrations')
const key = (n: number): PublicKeyZ32 => keypairFromSeed(new Uint8Array(32).fill(n)).publicKey
export const HOST = key(100)
export const OTHER_HOST = key(101)
export const ALICE = key(1)
export const BOB = key(2)
export const post = (n: number) => `/pub/pubky.app/posts/003472M6A00${String(n).padStart(2, '0')}`
const quiet = { info: () => {}, warn: () => {} }

/** Node 20 has no AsyncDisposableStack. */
function createStack() {
  const undo: (() => unknown)[] = []
  return {
    use<T extends AsyncDisposable>(value: T): T {
      undo.push(() => value[Symbol.asyncDispose]())
      return value
    },
    defer(work: () => unknown): void {
      undo.push(work)
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const work of undo.reverse()) await work()
    },
  }
}

/** A watcher on these hosts, running, with a journal of its own. */
export async function setUp(
  hosts: Record<string, ScriptedHost>,
  more: Partial<WatcherOptions> = {},
) {
  const stack = createStack()
  const database = stack.use(await createTestDatabase(MIGRATIONS))
  const dir = await mkdtemp(join(tmpdir(), 'indexer-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const blobs = createFileBlobStore({ dir })
  const fetch = stack.use(createSafeFetch({ allowPrivate: true, timeoutMs: 60_000 }))
  const homes = new Map<PublicKeyZ32, HomeRecord>()
  const journal = stack.use(
    createPgJournal({ ...database, blobs, onStrangers: () => watcher.noticeStrangers() }),
  )
  const options: WatcherOptions = {
    pool: database.pool,
    journal,
    blobs,
    directory: {
      async originOf(host) {
        const found = hosts[host]
        if (!found) throw new IndexerError('no_endpoint')
        return found.url
      },
      homeOf: async (user) => homes.get(user) ?? null,
    },
    fetch,
    sources: [HOST],
    clock: () => BigInt(Date.now()) * 1000n,
    log: quiet,
    ...more,
  }
  const watcher = createWatcher(options)
  let stop = new AbortController()
  let running: Promise<void> = Promise.resolve()
  const start = () => {
    stop = new AbortController()
    running = watcher.run(stop.signal)
  }
  const halt = async () => {
    stop.abort()
    await running
  }
  stack.defer(halt)
  start()

  /** Waits until the journal satisfies the condition, woken by the journal. */
  async function until(test: (entries: ObjectEntry[]) => boolean): Promise<ObjectEntry[]> {
    const signal = AbortSignal.timeout(120_000)
    let entries: ObjectEntry[] = []
    for await (const _ of journal.wake({ signal })) {
      entries = await objects()
      if (test(entries)) return entries
    }
    throw new Error(`never came: ${JSON.stringify(entries.map(brief))}`)
  }
  async function objects(): Promise<ObjectEntry[]> {
    const all: JournalEntry[] = []
    for (let after = 0n; ; ) {
      const some = await journal.read(after, 1_000)
      const last = some.at(-1)
      if (!last) break
      all.push(...some)
      after = last.position
    }
    expect(all.map((entry) => entry.position)).toEqual(all.map((_, i) => BigInt(i + 1)))
    return all.filter((entry): entry is ObjectEntry => entry.kind === 'PUT' || entry.kind === 'DEL')
  }
  return Object.assign(stack, {
    options,
    journal,
    watcher,
    homes,
    blobs,
    until,
    objects,
    start,
    halt,
    url: database.url,
    pool: database.pool,
  })
}

export const brief = (e: ObjectEntry) =>
  `${e.kind} ${e.path.split('/').at(-1)} ${e.status === 'ok' ? textOf(e) : `${e.status}:${e.reason}`}`
export function textOf(e: ObjectEntry): string {
  return e.body?.at === 'row'
    ? Buffer.from(e.body.bytes).toString().slice(0, 30)
    : (e.body?.at ?? '-')
}
export const count = (n: number) => (entries: ObjectEntry[]) => entries.length >= n
