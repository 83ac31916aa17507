import { open, readFile } from 'node:fs/promises'

/** A file to which lines are added and made durable in the background, many at a time. */
export interface Notes extends AsyncDisposable {
  add(line: string): void
  clear(): Promise<void>
}

export async function openNotes(file: string): Promise<Notes> {
  const handle = await open(file, 'a', 0o600)
  // Drops a line that was cut off when the process before this one died.
  await handle.truncate((await readFile(file)).lastIndexOf(0x0a) + 1)
  let waiting: string[] = []
  let writing: Promise<void> | null = null
  let fault: unknown = null

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      await handle.appendFile(`${lines.join('\n')}\n`)
      await handle.datasync()
    }
  }

  function start(): void {
    writing ??= write()
      .catch((error: unknown) => {
        fault = error
      })
      .finally(() => {
        writing = null
      })
  }

  return {
    add(line) {
      if (fault !== null) throw fault
      waiting.push(line)
      start()
    },
    async clear() {
      await writing
      waiting = []
      await handle.truncate(0)
      await handle.datasync()
    },
    async [Symbol.asyncDispose]() {
      await writing
      await handle.close()
      if (fault !== null) throw fault
    },
  }
}
