import { createWriteStream } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { createFileBlobStore } from '@pubky/server-kit'
import type pg from 'pg'
import { DATA_VERSION, openDataFolder } from '../data-folder.ts'
import { DATABASES, type DatabaseName, openDatabases } from '../database.ts'
import { StackError } from '../errors.ts'
import { takeLock } from '../lock.ts'
import { dumpDatabase, namedBlobs, openSnapshot } from './dump.ts'
import { ARCHIVE_FORMAT, type DatabaseManifest, type Manifest } from './manifest.ts'
import { type TarEntry, writeTar } from './tar.ts'

/**
 * What of a data folder is not in a backup: the databases are copied by their rows, and those know better
 * which blobs were deleted when the backup was taken.
 */
const LEFT_OUT =
  /^(?:postgres|logs|run|VERSION.*|lock.*|\.backup.*|[a-z]+\/blobs\/tmp|[a-z]+\/blobs\/.*\.deleted)$/
const TRIES = 3

/** Files below a folder, as paths relative to it. */
async function* walk(dir: string, prefix = ''): AsyncGenerator<string> {
  const entries = await readdir(join(dir, prefix), { withFileTypes: true })
  for (const entry of entries) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name
    if (LEFT_OUT.test(path)) continue
    if (entry.isDirectory()) yield* walk(dir, path)
    else if (entry.isFile()) yield path
  }
}

function isError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/**
 * Gives every file a second name, which keeps its bytes even when the first one goes. Files that are
 * appended to or overwritten are copied.
 */
async function stage(from: string, to: string): Promise<void> {
  for await (const path of walk(from)) {
    const target = join(to, path)
    await mkdir(dirname(target), { recursive: true })
    const isBlob = path.includes('/blobs/')
    try {
      if (isBlob) await link(join(from, path), target)
      else await copyFile(join(from, path), target)
    } catch (error) {
      // It went while we looked, or the first look has it already.
      if (!isError(error, 'ENOENT') && !isError(error, 'EEXIST')) throw error
    }
  }
}

async function blobKeys(dir: string): Promise<Set<string>> {
  await using store = createFileBlobStore({ dir })
  const keys = new Set<string>()
  for await (const { key } of store.list({ limit: Number.POSITIVE_INFINITY })) keys.add(key)
  return keys
}

type Snapshots = Record<DatabaseName, pg.Client>

/** The indexer's first: it may lag behind the homeserver it follows, never be ahead. */
async function openSnapshots(url: (name: DatabaseName) => string): Promise<Snapshots> {
  const nexus = await openSnapshot(url('nexus'))
  const homeserver = await openSnapshot(url('homeserver'))
  return { nexus, homeserver }
}

async function close(snapshots: Snapshots): Promise<void> {
  for (const client of Object.values(snapshots)) await client.end()
}

async function countMissing(snapshots: Snapshots, files: string): Promise<number> {
  let missing = 0
  for (const name of DATABASES) {
    const there = await blobKeys(join(files, name, 'blobs'))
    for (const key of await namedBlobs(snapshots[name])) if (!there.has(key)) missing += 1
  }
  return missing
}

/**
 * Files before and after the moment of the snapshot: what its rows name was there at that moment, so
 * one of the two looks has it, unless it came and went between them; then once more.
 */
async function takeMoment(
  dataDir: string,
  staging: string,
  url: (name: DatabaseName) => string,
): Promise<{ snapshots: Snapshots; missing: number }> {
  const files = join(staging, 'files')
  for (let attempt = 1; ; attempt += 1) {
    await mkdir(files, { recursive: true })
    await stage(dataDir, files)
    const snapshots = await openSnapshots(url)
    try {
      await stage(dataDir, files)
      const missing = await countMissing(snapshots, files)
      if (missing === 0 || attempt === TRIES) return { snapshots, missing }
    } catch (error) {
      await close(snapshots)
      throw error
    }
    await close(snapshots)
    await rm(files, { recursive: true, force: true })
  }
}

async function* staged(staging: string): AsyncGenerator<TarEntry & { path: string }> {
  const names = ['manifest.json']
  for await (const path of walk(staging)) if (path !== 'manifest.json') names.push(path)
  for (const name of names) {
    const path = join(staging, name)
    yield { name, path, size: (await stat(path)).size }
  }
}

async function writeArchive(staging: string, file: string): Promise<void> {
  const scratch = `${file}.new`
  const entries: (TarEntry & { path: string })[] = []
  for await (const entry of staged(staging)) entries.push(entry)
  await pipeline(
    Readable.from(writeTar(entries)),
    createGzip({ level: 1 }),
    createWriteStream(scratch, { mode: 0o600 }),
  )
  const handle = await open(scratch, 'r')
  await handle.sync()
  await handle.close()
  await rename(scratch, file)
}

/** The folder may be in use: then its own server is asked, and keeps running. */
async function holdFolder(dataDir: string): Promise<AsyncDisposable> {
  try {
    return await openDataFolder(dataDir)
  } catch (error) {
    if (!(error instanceof StackError && error.code === 'already_running')) throw error
    return { async [Symbol.asyncDispose]() {} }
  }
}

export interface BackupReport {
  bytes: number
  /** Blobs that rows name and that were not on the disk before either. */
  missingBlobs: number
}

/**
 * Writes everything that a network knows into one file: the rows of both databases at one moment,
 * blobs, packets and secrets. The network may run meanwhile, another backup of it may not
 * (`already_running`).
 */
export async function backup(o: { dataDir: string; file: string }): Promise<BackupReport> {
  if (!(await stat(join(o.dataDir, 'VERSION')).catch(() => null)))
    throw new StackError('backup_failed', `There is no data folder at ${o.dataDir}.`)
  const what = `A backup of ${o.dataDir} is under way already`
  await using _alone = await takeLock(join(o.dataDir, '.backup.lock'), what)
  await using _held = await holdFolder(o.dataDir)
  await using databases = await openDatabases({
    dataDir: join(o.dataDir, 'postgres'),
    port: 0,
    keep: true,
    tell: () => {},
  })
  const staging = join(o.dataDir, '.backup')
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { mode: 0o700 })
  try {
    const { snapshots, missing } = await takeMoment(o.dataDir, staging, databases.url)
    try {
      const dumped: Partial<Record<DatabaseName, DatabaseManifest>> = {}
      for (const name of DATABASES)
        dumped[name] = await dumpDatabase(snapshots[name], name, staging)
      const manifest = {
        format: ARCHIVE_FORMAT,
        dataVersion: DATA_VERSION,
        createdAt: new Date().toISOString(),
        databases: dumped as Manifest['databases'],
      } satisfies Manifest
      await writeFile(join(staging, 'manifest.json'), JSON.stringify(manifest, null, 1))
    } finally {
      await close(snapshots)
    }
    await writeArchive(staging, o.file)
    return { bytes: (await stat(o.file)).size, missingBlobs: missing }
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}
