import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StackError } from './errors.ts'
import { takeLock } from './lock.ts'

/** The format of the data folder. A new number comes with its step in `MIGRATIONS`. */
export const DATA_VERSION = 1

/** From version N to N + 1, in place; a step that was cut off may run again. */
const MIGRATIONS: Readonly<Record<number, (dir: string) => Promise<void>>> = {}

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
  const what = `Pubky is already running on the data folder ${dir}`
  const held = await takeLock(join(dir, 'lock'), what)
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
