import { readFileSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isTimestampId, type PostId } from '@pubky/app-specs'
import {
  fromHex,
  type Keypair,
  keypairFromSeed,
  type Micros,
  nowMicros,
  randomKeypair,
  toHex,
  toMicros,
} from '@pubky/protocol'
import { noted, noteProcess } from '../processes.ts'
import { LoadError } from './errors.ts'
import { openNotes } from './notes.ts'

const FORMAT = 1

/** The keys of one person of a file: the account's, and the one that signs its objects. */
export interface Person {
  root: Keypair
  client: Keypair
}

/**
 * What a file became on one network: keys, ids and how far the play got. Lies in a folder beside the
 * data folder, readable by its owner only, because it holds secrets.
 */
export interface LoadState extends AsyncDisposable {
  readonly dir: string
  /** When the file was first played. */
  readonly createdAt: Micros
  person(handle: string): Person
  postId(handle: string): PostId | undefined
  /** Keeps what a plan has given out; resolves when it survives a power loss. */
  save(posts: ReadonlyMap<string, PostId>): Promise<void>
  isDone(operation: number): boolean
  done(operation: number): void
  /** Forgets the progress, not keys and ids: the network they were played into is gone. */
  restart(): Promise<void>
}

interface Content {
  createdAt: Micros
  people: Map<string, Person>
  posts: Map<string, PostId>
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function keypairIn(value: unknown): Keypair {
  return keypairFromSeed(fromHex(String(value)))
}

function decode(text: string): Content {
  const json = JSON.parse(text) as Record<string, unknown>
  if (json.format !== FORMAT) throw new LoadError('invalid_state', 'unknown format')
  const people = entriesOf(json.people).map(([handle, seeds]): [string, Person] => {
    const { root, client } = Object.fromEntries(entriesOf(seeds))
    return [handle, { root: keypairIn(root), client: keypairIn(client) }]
  })
  const posts = entriesOf(json.posts).map(([handle, id]): [string, PostId] => {
    if (typeof id !== 'string' || !isTimestampId(id))
      throw new LoadError('invalid_state', `${handle} has no post id`)
    return [handle, id]
  })
  const createdAt = toMicros(BigInt(String(json.createdAt)))
  return { createdAt, people: new Map(people), posts: new Map(posts) }
}

function encode({ createdAt, people, posts }: Content): string {
  const seeds = [...people].map(([handle, { root, client }]) => [
    handle,
    { key: root.publicKey, root: toHex(root.secretKey), client: toHex(client.secretKey) },
  ])
  const json = {
    format: FORMAT,
    createdAt: String(createdAt),
    people: Object.fromEntries(seeds),
    posts: Object.fromEntries(posts),
  }
  return `${JSON.stringify(json, null, 1)}\n`
}

async function readState(file: string): Promise<Content> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return { createdAt: nowMicros(), people: new Map(), posts: new Map() }
  }
  try {
    return decode(text)
  } catch (cause) {
    throw new LoadError('invalid_state', `${file} cannot be read.`, cause)
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync()
  await handle.close()
}

async function replace(file: string, text: string, dir: string): Promise<void> {
  const fresh = `${file}.new`
  await writeFile(fresh, text, { mode: 0o600 })
  await sync(fresh)
  await rename(fresh, file)
  await sync(dir)
}

async function lock(file: string): Promise<void> {
  for (;;) {
    try {
      await writeFile(file, '', { flag: 'wx', mode: 0o600 })
      noteProcess(file, process.pid)
      return
    } catch {
      const other = noted(file)
      if (other !== null)
        throw new LoadError('already_loading', `Process ${other} is already playing this file.`)
      // Its holder is gone.
      await rm(file, { force: true })
    }
  }
}

function readDone(file: string): Set<number> {
  try {
    // The last line may have been cut off; then its operation is sent again, which changes nothing.
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return new Set(lines.map(Number).filter((id) => id > 0))
  } catch {
    return new Set()
  }
}

/** Opens or makes the state folder. Rejects with `already_loading` or `invalid_state`. */
export async function openLoadState(dir: string): Promise<LoadState> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const lockFile = join(dir, 'lock')
  await lock(lockFile)
  const stateFile = join(dir, 'state.json')
  const doneFile = join(dir, 'done.txt')
  try {
    const content = await readState(stateFile)
    const done = readDone(doneFile)
    const notes = await openNotes(doneFile)
    return {
      dir,
      createdAt: content.createdAt,
      person(handle) {
        const known = content.people.get(handle)
        if (known) return known
        const person = { root: randomKeypair(), client: randomKeypair() }
        content.people.set(handle, person)
        return person
      },
      postId: (handle) => content.posts.get(handle),
      async save(posts) {
        for (const [handle, id] of posts) content.posts.set(handle, id)
        await replace(stateFile, encode(content), dir)
      },
      isDone: (operation) => done.has(operation),
      done(operation) {
        done.add(operation)
        notes.add(String(operation))
      },
      async restart() {
        done.clear()
        await notes.clear()
      },
      async [Symbol.asyncDispose]() {
        await notes[Symbol.asyncDispose]()
        await rm(lockFile, { force: true })
      },
    }
  } catch (error) {
    await rm(lockFile, { force: true })
    throw error
  }
}
