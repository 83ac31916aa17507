import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const MAX_BYTES = 10 * 1024 * 1024

export interface LogFile extends AsyncDisposable {
  write(chunk: Uint8Array): void
  /** The end of what was written, for telling why a service did not start. */
  tail(): string
}

/** A log of at most 10 MiB with one older one beside it (`.1`). */
export async function openLogFile(path: string): Promise<LogFile> {
  await mkdir(dirname(path), { recursive: true })
  let size = await stat(path).then(
    (info) => info.size,
    () => 0,
  )
  let tail = ''
  let turning: Promise<void> | null = null
  const open = (): WriteStream => {
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 })
    // A full disk must not end the network; the log is the first thing to do without.
    stream.on('error', () => {})
    return stream
  }
  let stream = open()

  async function turn(): Promise<void> {
    const old = stream
    await new Promise<void>((resolve) => old.end(() => resolve()))
    await rename(path, `${path}.1`).catch(() => {})
    size = 0
    stream = open()
    turning = null
  }

  return {
    write(chunk) {
      tail = (tail + Buffer.from(chunk).toString('utf8')).slice(-4000)
      // While the file changes, or when the disk is slower than the service, lines are left out.
      if (turning || stream.writableLength > MAX_BYTES) return
      stream.write(chunk)
      size += chunk.length
      if (size > MAX_BYTES) turning = turn()
    },
    tail: () => tail,
    async [Symbol.asyncDispose]() {
      await turning
      await new Promise<void>((resolve) => stream.end(() => resolve()))
    },
  }
}
