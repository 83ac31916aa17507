import { close, fsync, open } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { shareNext } from '../share-next.ts'

const [openFd, syncFd, closeFd] = [promisify(open), promisify(fsync), promisify(close)]

async function syncDirectory(path: string): Promise<void> {
  const fd = await openFd(path, 'r')
  try {
    await syncFd(fd)
  } finally {
    await closeFd(fd)
  }
}

interface Folder {
  fd: number
  /** Afterwards the names that were in it when this was called are durable. */
  sync(): Promise<void>
}

export interface Folders extends AsyncDisposable {
  /** Makes the folder when it is missing; its own name is durable when this resolves. */
  get(name: string): Promise<Folder>
}

/** The folders below a root, which may be missing itself. There must be few: each stays open. */
export function createFolders(root: string): Folders {
  const folders = new Map<string, Promise<Folder>>()
  let durableRoot: Promise<void> | undefined
  const syncRoot = shareNext(() => syncDirectory(root))

  async function makeRoot(): Promise<void> {
    await mkdir(root, { recursive: true })
    await syncDirectory(dirname(root))
  }

  async function make(name: string): Promise<Folder> {
    durableRoot ??= makeRoot()
    await durableRoot
    const path = join(root, name)
    await mkdir(path, { recursive: true })
    await syncRoot()
    const fd = await openFd(path, 'r')
    return { fd, sync: shareNext(() => syncFd(fd)) }
  }

  return {
    get(name) {
      const known = folders.get(name)
      if (known) return known
      const made = make(name).catch((error: unknown) => {
        folders.delete(name)
        durableRoot = undefined
        throw error
      })
      folders.set(name, made)
      return made
    },
    async [Symbol.asyncDispose]() {
      const open = await Promise.allSettled(folders.values())
      folders.clear()
      for (const one of open) if (one.status === 'fulfilled') await closeFd(one.value.fd)
    },
  }
}
