import {
  buildBookmark,
  buildFollow,
  buildMute,
  buildPost,
  buildProfile,
  buildTag,
  type Post,
  type PostId,
  postPath,
  postUri,
  profileUri,
  timestampId,
} from '@pubky/app-specs'
import type { Micros, PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { afterAll, beforeEach, expect } from 'vitest'
import {
  HOSTS,
  type ObjectSpec,
  objectEntry,
  openWorld,
  PEOPLE,
  START_MS,
  type World,
} from './fixture.ts'

/** For tests: people who do things one after another, each seen at once. */
export function createStory(world: World) {
  let tick = 0
  const micros = (n: number) => (BigInt(START_MS + n) * 1000n) as Micros

  async function write(
    owner: PublicKeyZ32,
    o: Pick<ObjectSpec, 'kind' | 'path'> & Partial<ObjectSpec>,
  ): Promise<void> {
    tick += 1
    const spec = { owner, eventId: tick, receivedAtMs: START_MS + tick * 1000, ...o }
    await world.append(await objectEntry(spec))
    await world.apply()
  }

  const put = (
    owner: PublicKeyZ32,
    built: { path: StoragePath; body: Uint8Array },
    o?: Partial<ObjectSpec>,
  ) => write(owner, { kind: 'PUT', path: built.path, body: built.body, ...o })
  const del = (owner: PublicKeyZ32, path: StoragePath, o?: Partial<ObjectSpec>) =>
    write(owner, { kind: 'DEL', path, ...o })

  async function settle(
    owner: PublicKeyZ32,
    host = HOSTS[0] as PublicKeyZ32,
    policy: Uint8Array | null = null,
  ): Promise<void> {
    tick += 1
    const recordMicros = BigInt(tick) as Micros
    const receivedAtMs = START_MS + tick
    await world.append({ kind: 'HOME', owner, host, recordMicros, receivedAtMs, policy })
    await world.apply()
  }

  const idOf = (n: number): PostId => timestampId(micros(n))

  /** Writes the n-th post of a person and names it. */
  async function post(
    author: PublicKeyZ32,
    n: number,
    o: Partial<Post> & Omit<Partial<ObjectSpec>, 'kind'> = {},
  ) {
    const { content = `post ${n}`, kind = 'short', parent, embed, attachments, lock, ...spec } = o
    const draft = {
      content,
      parent: parent ?? null,
      embed: embed ?? null,
      attachments: attachments ?? null,
      lock: lock ?? null,
    }
    const id = idOf(n)
    const built = buildPost({ ...draft, kind }, id)
    await put(author, built, spec)
    return { key: `${author}:${id}`, uri: postUri({ author, id }), path: postPath(id), author, id }
  }

  const tag = (owner: PublicKeyZ32, uri: string, label: string) =>
    buildTag(uri, label, micros(owner.length))

  async function rows<R extends object>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await world.db.pool.query<R>(sql, values)).rows
  }

  /** Bodies of the notices of a person, oldest first. */
  async function notices(recipient: PublicKeyZ32): Promise<object[]> {
    const found = await rows<{ body: object }>(
      'select body from notices where recipient = $1 order by position, ordinal',
      [recipient],
    )
    return found.map(({ body }) => body)
  }

  async function counts(id: string): Promise<Record<string, number> | undefined> {
    return (
      await rows<Record<string, number>>('select * from user_counts where user_id = $1', [id])
    )[0]
  }

  async function postRow(key: string): Promise<Record<string, unknown> | undefined> {
    return (await rows<Record<string, unknown>>('select * from posts where key = $1', [key]))[0]
  }

  return {
    put,
    del,
    write,
    settle,
    post,
    idOf,
    rows,
    notices,
    counts,
    postRow,
    tag,
    follow: (owner: PublicKeyZ32, target: PublicKeyZ32) =>
      put(owner, buildFollow(target, micros(1))),
    mute: (owner: PublicKeyZ32, target: PublicKeyZ32) => put(owner, buildMute(target, micros(1))),
    bookmark: (owner: PublicKeyZ32, uri: string) => put(owner, buildBookmark(uri, micros(1))),
    profile: (owner: PublicKeyZ32, name: string) => put(owner, buildProfile({ name })),
    profileUri,
  }
}

/** Gives each test of a file a story of its own in one world. */
export async function tellStories(take: (story: Story) => void): Promise<World> {
  const world = await openWorld()
  afterAll(() => world[Symbol.asyncDispose]())
  beforeEach(async () => take(await freshStory(world)))
  return world
}

/** What a rebuild from the journal gives is what is there. */
export async function expectTheSameAnew(world: World): Promise<void> {
  const before = await world.views.stateDigest()
  await world.views.reset()
  await world.apply()
  expect(await world.views.stateDigest()).toBe(before)
}

/** The next story of a test file: nothing has happened but that three people have a home. */
export async function freshStory(world: World): Promise<Story> {
  await world.clear()
  const story = createStory(world)
  for (const person of [ANN, BOB, CEM]) await story.settle(person)
  return story
}

export type Story = ReturnType<typeof createStory>
export const [ANN, BOB, CEM, DAN] = PEOPLE.map(({ publicKey }) => publicKey) as [
  PublicKeyZ32,
  PublicKeyZ32,
  PublicKeyZ32,
  PublicKeyZ32,
]
