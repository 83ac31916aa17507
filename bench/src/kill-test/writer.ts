import { setTimeout as sleep } from 'node:timers/promises'
import {
  blobUri,
  buildBlob,
  buildBookmark,
  buildFile,
  buildFollow,
  buildMute,
  buildPost,
  buildProfile,
  buildTag,
  createIdClock,
  type FileId,
  type PostId,
  postPath,
  postUri,
} from '@pubky/app-specs'
import { nowMicros, type PublicKeyZ32, type StoragePath } from '@pubky/protocol'
import type { Session, WriteRequest } from '@pubky/sdk'
import type { Random } from '../random.ts'

const LABELS = ['lighthouse', 'harbour', 'kelp', 'fog', 'tide', 'gull', 'rope', 'anchor']
const PAUSE_MS = 25
/** Too large for the database's rows; below 256 KiB they share files, above each has its own. */
const BLOB_BYTES = 40_000
const MAX_BLOB_BYTES = 400_000

/** What all writers of a run know of each other. */
export interface Scene {
  random: Random
  people: PublicKeyZ32[]
  posts: { author: PublicKeyZ32; id: PostId }[]
  nextId: () => string
  /** The share of writes that are large files, besides those among all other writes. */
  uploads: number
  write(session: Session, request: WriteRequest): Promise<void>
}

export function createScene(random: Random, write: Scene['write'], uploads = 0): Scene {
  return { random, people: [], posts: [], nextId: createIdClock(nowMicros), uploads, write }
}

/** One person who writes all sorts of things, several at a time but each path in order. */
export function createWriter(scene: Scene, session: Session) {
  const { random } = scene
  const me = session.user
  const own: PostId[] = []
  /** Tags, follows, bookmarks, mutes and files that are there. */
  const removable: StoragePath[] = []
  const busy = new Set<StoragePath>()

  /** False when another lane is at this path. */
  async function put(built: { path: StoragePath; body: Uint8Array }): Promise<boolean> {
    if (busy.has(built.path)) return false
    busy.add(built.path)
    try {
      await scene.write(session, { method: 'PUT', path: built.path, body: built.body })
      return true
    } finally {
      busy.delete(built.path)
    }
  }

  async function remove(path: StoragePath): Promise<void> {
    if (busy.has(path)) return
    busy.add(path)
    try {
      await scene.write(session, { method: 'DELETE', path, body: null })
    } finally {
      busy.delete(path)
    }
  }

  const words = () =>
    Array.from({ length: 3 + random.below(9) }, () => random.pick(LABELS)).join(' ')

  async function post(): Promise<void> {
    const to = random.next() < 0.4 ? random.pick(scene.posts) : undefined
    const role = to && (random.next() < 0.6 ? 'parent' : 'embed')
    const mention = random.next() < 0.2 ? ` pubky${random.pick(scene.people)}` : ''
    const content = `${words()}${mention}`
    const built = buildPost(
      {
        content,
        kind: 'short',
        ...(to && role === 'parent' && { parent: postUri(to) }),
        ...(to && role === 'embed' && { embed: { kind: 'short' as const, uri: postUri(to) } }),
      },
      scene.nextId() as PostId,
    )
    await put(built)
    own.push(built.id)
    scene.posts.push({ author: me, id: built.id })
  }

  async function edit(): Promise<void> {
    const id = random.pick(own)
    if (id) await put(buildPost({ content: `${words()} (edited)`, kind: 'short' }, id))
  }

  async function deletePost(): Promise<void> {
    if (own.length < 5) return
    const [id] = own.splice(random.below(own.length), 1)
    if (!id) return
    const at = scene.posts.findIndex((key) => key.author === me && key.id === id)
    if (at >= 0) scene.posts.splice(at, 1)
    // An edit may still be on its way.
    while (busy.has(postPath(id))) await sleep(5)
    await remove(postPath(id))
  }

  async function edge(): Promise<void> {
    const target = random.pick(scene.posts)
    const person = random.pick(scene.people.filter((key) => key !== me))
    const now = nowMicros()
    const choice = random.next()
    const made =
      choice < 0.6 && target
        ? buildTag(postUri(target), random.pick(LABELS) ?? 'fog', now)
        : choice < 0.75 && target
          ? buildBookmark(postUri(target), now)
          : person && (choice < 0.95 ? buildFollow(person, now) : buildMute(person, now))
    if (!made || removable.includes(made.path)) return
    if (await put(made)) removable.push(made.path)
  }

  async function unedge(): Promise<void> {
    const [path] = removable.splice(random.below(removable.length), 1)
    if (path) await remove(path)
  }

  async function upload(): Promise<void> {
    const bytes = random.bytes(BLOB_BYTES + random.below(MAX_BLOB_BYTES - BLOB_BYTES))
    const blob = buildBlob(bytes)
    await put(blob)
    const meta = { name: 'noise.bin', contentType: 'application/octet-stream', size: bytes.length }
    const file = { ...meta, src: blobUri(me, blob.id), createdAt: Date.now() }
    await put(buildFile(file, scene.nextId() as FileId))
    if (random.next() < 0.5) removable.push(blob.path)
  }

  async function profile(): Promise<void> {
    await put(buildProfile({ name: `Keeper ${random.below(1000)}`, bio: words() }))
  }

  async function step(): Promise<void> {
    if (scene.uploads > 0 && random.next() < scene.uploads) return upload()
    const choice = random.next()
    if (choice < 0.32) return post()
    if (choice < 0.47) return edit()
    if (choice < 0.54) return deletePost()
    if (choice < 0.82) return edge()
    if (choice < 0.92) return unedge()
    if (choice < 0.96) return upload()
    return profile()
  }

  /** Writes until the signal fires; every write that was begun is finished. */
  async function run(lanes: number, signal: AbortSignal): Promise<void> {
    await profile()
    const lane = async () => {
      while (!signal.aborted) {
        await step()
        await sleep(random.below(PAUSE_MS))
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }

  return { run, profile }
}
