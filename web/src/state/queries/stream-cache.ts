import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import type { Action } from '../outbox/actions.ts'
import { overlayStream, type StreamInput } from '../outbox/overlay.ts'
import { keyOfPost, type PostKeyText, type PostView, type UserView } from '../views.ts'

export interface StreamPage {
  keys: PostKeyText[]
  cursor: string | null
}
export type StreamData = InfiniteData<StreamPage, string | null>

/** What the indexer answers for a page of posts. */
export interface StreamAnswer {
  items: PostView[]
  users?: UserView[]
  embedded?: PostView[]
  cursor: string | null
}

/** Puts posts and people into the cache under their own keys; a list holds keys only. */
export function seedPosts(client: QueryClient, posts: readonly PostView[] = []): void {
  for (const post of posts) client.setQueryData(['post', keyOfPost(post)], post)
}

export function seedUsers(client: QueryClient, users: readonly UserView[] = []): void {
  for (const user of users) client.setQueryData(['user', user.details.id], user)
}

export function toPage(client: QueryClient, answer: StreamAnswer): StreamPage {
  seedPosts(client, answer.items)
  seedPosts(client, answer.embedded)
  seedUsers(client, answer.users)
  return { keys: answer.items.map(keyOfPost), cursor: answer.cursor }
}

export function streamKey(input: StreamInput): readonly ['stream', StreamInput] {
  return ['stream', input]
}

/** Puts keys on top of a stream, leaving out what is there already. */
export function prepend(data: StreamData, keys: readonly PostKeyText[]): StreamData {
  const known = new Set(data.pages.flatMap((page) => page.keys))
  const fresh = keys.filter((key) => !known.has(key))
  const [first, ...rest] = data.pages
  if (!first || fresh.length === 0) return data
  return { ...data, pages: [{ ...first, keys: [...fresh, ...first.keys] }, ...rest] }
}

/**
 * What the newest page has before what is in a list already. A list may begin with less than a page: what comes
 * after that is older, and its next page brings it. All, where nothing is known.
 */
export function newsIn(
  keys: readonly PostKeyText[],
  known: { has(key: PostKeyText): boolean },
): PostKeyText[] {
  const last = keys.findLastIndex((key) => known.has(key))
  return (last < 0 ? keys : keys.slice(0, last)).filter((key) => !known.has(key))
}

/** Puts the newest page on top. Where it does not reach what is there, the list starts anew: a gap would hide posts. */
export async function putOnTop(
  client: QueryClient,
  key: ReturnType<typeof streamKey>,
  page: StreamPage,
): Promise<void> {
  // An older page that is under way would bring back the list as it was; it is asked for again.
  await client.cancelQueries({ queryKey: key, exact: true })
  client.setQueryData<StreamData>(key, (data) => {
    const known = new Set(data?.pages.flatMap(({ keys }) => keys))
    const overlaps = page.keys.some((one) => known.has(one))
    return data && overlaps
      ? prepend(data, newsIn(page.keys, known))
      : { pages: [page], pageParams: [null] }
  })
}

/**
 * A list that reads downwards, with its last page as it is now: what is new comes after what is there. One whose
 * end is not loaded stays as it is, since its next pages bring it.
 */
export function growAtEnd(data: StreamData, page: StreamPage): StreamData {
  const last = data.pages.at(-1)
  if (!last || last.cursor !== null) return data
  const known = new Set(data.pages.flatMap(({ keys }) => keys))
  const keys = [...last.keys, ...page.keys.filter((key) => !known.has(key))]
  return { ...data, pages: [...data.pages.slice(0, -1), { keys, cursor: page.cursor }] }
}

/** Resolves when no list is being loaded: what one had when it was asked for comes back with the answer. */
export async function streamsLoaded(client: QueryClient): Promise<void> {
  const awaited = new Set<Promise<unknown> | undefined>([undefined])
  for (;;) {
    const loading = client
      .getQueryCache()
      .findAll({ queryKey: ['stream'], predicate: ({ state }) => state.fetchStatus !== 'idle' })
      .map(({ promise }) => promise)
      .filter((promise) => !awaited.has(promise))
    if (loading.length === 0) return
    await Promise.allSettled(loading)
    for (const promise of loading) awaited.add(promise)
  }
}

/** The indexer has the person's new post: it takes its place in every cached list it belongs to. */
export function insertOwn(
  client: QueryClient,
  viewer: string,
  action: Extract<Action, { type: 'post' }>,
): void {
  const one = [{ id: '', action, state: 'sent', reason: null, sentAtMs: 0 }] as const
  for (const query of client.getQueryCache().findAll({ queryKey: ['stream'] })) {
    const input = query.queryKey[1] as StreamInput
    const data = query.state.data as StreamData | undefined
    if (!data || overlayStream([], viewer, one, input).length === 0) continue
    if (input.order === 'ascending') {
      const grown = growAtEnd(data, { keys: [action.key], cursor: null })
      client.setQueryData(query.queryKey, grown)
    } else client.setQueryData(query.queryKey, prepend(data, [action.key]))
  }
}

function without(data: StreamData, keys: readonly PostKeyText[]): StreamData {
  if (!data.pages.some((page) => page.keys.some((key) => keys.includes(key)))) return data
  const pages = data.pages.map((page) => ({
    ...page,
    keys: page.keys.filter((key) => !keys.includes(key)),
  }))
  return { ...data, pages }
}

/** Takes posts out of every cached list. */
export function removeFromStreams(client: QueryClient, keys: readonly PostKeyText[]): void {
  client.setQueriesData<StreamData>({ queryKey: ['stream'] }, (data) => data && without(data, keys))
}

/** The indexer knows a bookmark, or that it is gone: the cached list of bookmarks says the same. */
export function setBookmarked(client: QueryClient, key: PostKeyText, on: boolean): void {
  client.setQueriesData<StreamData>(
    { queryKey: streamKey({ source: 'bookmarks' }) },
    (data) => data && (on ? prepend(data, [key]) : without(data, [key])),
  )
}
