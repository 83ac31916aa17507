import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A message and its life, as it is kept. `body` is null once it was acknowledged. */
export interface StoredEntry {
  id: string
  body: Uint8Array | null
  contentType: string | null
  createdAtMs: number
  expiresAtMs: number
}

export interface MessageStore {
  load(): Promise<StoredEntry[]>
  /** Durable when it resolves. */
  put(entry: StoredEntry): Promise<void>
  remove(id: string): Promise<void>
}

const FORMAT = 1
const NAME = /^[0-9a-f]{64}$/

function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('hex')
}

function encode({ body, ...entry }: StoredEntry): string {
  const { id, contentType, createdAtMs, expiresAtMs } = entry
  const text = body && Buffer.from(body).toString('base64')
  return JSON.stringify({ v: FORMAT, id, contentType, createdAtMs, expiresAtMs, body: text })
}

function decode(text: string): StoredEntry | null {
  const { v, id, contentType, createdAtMs, expiresAtMs, body } = JSON.parse(text) as Record<
    string,
    unknown
  >
  const isGood =
    v === FORMAT &&
    typeof id === 'string' &&
    (contentType === null || typeof contentType === 'string') &&
    typeof createdAtMs === 'number' &&
    typeof expiresAtMs === 'number' &&
    (body === null || typeof body === 'string')
  if (!isGood) return null
  return {
    id,
    contentType,
    createdAtMs,
    expiresAtMs,
    body: body === null ? null : Buffer.from(body, 'base64'),
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * A file for each message, named by the hash of its id: written beside, synced, renamed. Messages are
 * few, small and live for minutes, so that neither a log nor a database is worth its code.
 */
export function createMessageStore(o: {
  dir: string
  warn?: (error: unknown) => void
}): MessageStore {
  const { dir, warn = () => {} } = o
  return {
    async load() {
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const entries: StoredEntry[] = []
      for (const name of await readdir(dir)) {
        const path = join(dir, name)
        try {
          const entry = NAME.test(name) ? decode(await readFile(path, 'utf8')) : null
          if (entry && nameOf(entry.id) === name) entries.push(entry)
          else await rm(path, { force: true })
        } catch (error) {
          // A file that cannot be read is no reason not to start.
          warn(error)
        }
      }
      return entries
    },
    async put(entry) {
      const path = join(dir, nameOf(entry.id))
      const handle = await open(`${path}.new`, 'w', 0o600)
      try {
        await handle.writeFile(encode(entry))
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(`${path}.new`, path)
      await sync(dir)
    },
    async remove(id) {
      await rm(join(dir, nameOf(id)), { force: true })
    },
  }
}
