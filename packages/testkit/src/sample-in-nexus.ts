import type { ExpectedPost, ExpectedUser, expectedCounts } from './sample.ts'

const USER_COUNTS: readonly (keyof ExpectedUser)[] = [
  'posts',
  'replies',
  'tagged',
  'tags',
  'unique_tags',
  'following',
  'followers',
  'friends',
  'bookmarks',
]
const POST_COUNTS: readonly (keyof ExpectedPost)[] = ['tags', 'unique_tags', 'replies', 'reposts']
const AT_ONCE = 8

export interface Counts {
  users: Record<string, Partial<ExpectedUser>>
  posts: Record<string, Partial<ExpectedPost>>
}

/** What `expectedCounts` says, in the form in which `countsInNexus` answers. */
export function wantedCounts({ users, posts }: ReturnType<typeof expectedCounts>): Counts {
  const byPost = [...posts].map(([handle, { author: _, ...counts }]) => [handle, counts])
  return { users: Object.fromEntries(users), posts: Object.fromEntries(byPost) }
}

/** Asks the REST API for the counts of every person and post; handles are turned into keys and ids. */
export async function countsInNexus(
  nexus: string,
  expected: ReturnType<typeof expectedCounts>,
  names: { keys: ReadonlyMap<string, string>; posts: ReadonlyMap<string, string> },
): Promise<Counts> {
  async function ask<T extends string>(path: string, members: readonly T[]) {
    const response = await fetch(`${nexus}/v0${path}`)
    const counts = (await response.json()) as Record<string, number>
    return Object.fromEntries(members.map((member) => [member, counts[member]]))
  }

  const found: Counts = { users: {}, posts: {} }
  const tasks = [
    ...[...expected.users.keys()].map((who) => async () => {
      found.users[who] = await ask(`/user/${names.keys.get(who)}/counts`, USER_COUNTS)
    }),
    ...[...expected.posts].map(([handle, { author }]) => async () => {
      const path = `/post/${names.keys.get(author)}/${names.posts.get(handle)}/counts`
      found.posts[handle] = await ask(path, POST_COUNTS)
    }),
  ]
  const queue = tasks.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const task of queue) await task()
    }),
  )
  return found
}
