import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, link, mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StackError } from './errors.ts'
import { noted, ownNote } from './processes.ts'

/** The format of the data folder. A new number comes with its step in `MIGRATIONS`. */
export const DATA_VERSION = 1

/** From version N to N + 1, in place; a step that was cut off may run again. */
const MIGRATIONS: Readonly<Record<number, (dir: string) => Promise<void>>> = {}

const ABANDONED_MS = 5000

/** Takes the lock of a dead process away; one at a time looks and removes, in a folder's shelter. */
async function removeStale(file: string): Promise<void> {
  const shelter = `${file}.removing`
  try {
    await mkdir(shelter)
  } catch {
    const since = await stat(shelter).then(
      (info) => info.mtimeMs,
      () => Date.now(),
    )
    if (Date.now() - since > ABANDONED_MS) await rm(shelter, { recursive: true, force: true })
    await sleep(20)
    return
  }
  try {
    if (noted(file) === null) await rm(file, { force: true })
  } finally {
    await rmdir(shelter)
  }
}

/** Makes the lock with its content in one step, so that nobody finds it empty. */
async function createLock(file: string, content: string): Promise<boolean> {
  const scratch = `${file}.${randomUUID()}`
  await writeFile(scratch, content)
  try {
    await link(scratch, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await rm(scratch, { force: true })
  }
}

const LOCK_TIMEOUT_MS = 10_000

/** One program at a time works on a data folder; a lock left by a killed one does not count. */
async function lock(dir: string): Promise<AsyncDisposable> {
  const file = join(dir, 'lock')
  const limit = Date.now() + LOCK_TIMEOUT_MS
  while (Date.now() < limit) {
    if (await createLock(file, ownNote()))
      return {
        async [Symbol.asyncDispose]() {
          await rm(file, { force: true })
        },
      }
    const pid = noted(file)
    if (pid !== null)
      throw new StackError(
        'already_running',
        `Pubky is already running on the data folder ${dir} (process ${pid}).`,
      )
    await removeStale(file)
  }
  throw new StackError('already_running', `The lock of the data folder ${dir} cannot be taken.`)
}

async function writeVersion(dir: string): Promise<void> {
  const scratch = join(dir, 'VERSION.new')
  await writeFile(scratch, `${DATA_VERSION}\n`)
  await rename(scratch, join(dir, 'VERSION'))
}

async function checkVersion(dir: string): Promise<void> {
  const file = join(dir, 'VERSION')
  if (!existsSync(file)) return writeVersion(dir)
  const text = (await readFile(file, 'utf8')).trim()
  const found = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (found === 0)
    throw new StackError('data_version', `The data folder ${dir} has no readable VERSION.`)
  if (found > DATA_VERSION)
    throw new StackError(
      'data_version',
      `The data folder ${dir} was made by a newer version (format ${found}, this program knows ${DATA_VERSION}): update the program.`,
    )
  for (let version = found; version < DATA_VERSION; version += 1) {
    const step = MIGRATIONS[version]
    if (!step)
      throw new StackError(
        'data_version',
        `The data folder ${dir} has format ${version}, which this program cannot migrate: restore a backup into a new folder.`,
      )
    await step(dir)
  }
  if (found < DATA_VERSION) await writeVersion(dir)
}

export interface DataFolder extends AsyncDisposable {
  readonly dir: string
  /** A file or folder below it. */
  path(...parts: string[]): string
}

/**
 * Makes or opens a data folder and keeps it for this process. Rejects with `already_running` or
 * `data_version`.
 */
export async function openDataFolder(dir: string): Promise<DataFolder> {
  await mkdir(dir, { recursive: true })
  await chmod(dir, 0o700)
  const held = await lock(dir)
  try {
    await checkVersion(dir)
  } catch (error) {
    await held[Symbol.asyncDispose]()
    throw error
  }
  return {
    dir,
    path: (...parts) => join(dir, ...parts),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  }
}
