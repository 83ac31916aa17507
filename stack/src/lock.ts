import { randomUUID } from 'node:crypto'
import { link, mkdir, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { StackError } from './errors.ts'
import { noted, ownNote } from './processes.ts'

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

const TIMEOUT_MS = 10_000

/**
 * A lock that one program at a time has; one left by a killed program does not count. Rejects with
 * `already_running`: `what` is a sentence about its holder, without the full stop.
 */
export async function takeLock(file: string, what: string): Promise<AsyncDisposable> {
  const limit = Date.now() + TIMEOUT_MS
  while (Date.now() < limit) {
    if (await createLock(file, ownNote()))
      return {
        async [Symbol.asyncDispose]() {
          await rm(file, { force: true })
        },
      }
    const pid = noted(file)
    if (pid !== null) throw new StackError('already_running', `${what} (process ${pid}).`)
    await removeStale(file)
  }
  throw new StackError('already_running', `The lock ${file} cannot be taken.`)
}
