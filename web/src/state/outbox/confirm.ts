import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { Api } from '../api.ts'
import {
  insertOwn,
  removeFromStreams,
  setBookmarked,
  streamsLoaded,
} from '../queries/stream-cache.ts'
import type { PostView, UserView } from '../views.ts'
import { type Action, outlivesItsNews, type Pending } from './actions.ts'
import { isReflected, subjectToAsk } from './overlay.ts'
import type { PendingStore } from './store.ts'

/** After this the indexer is right, whatever it says (spec/web-app.md 18.3). */
const LIMIT_MS = 120_000
const FIRST_MS = 250
/** How long the overlay stays once the indexer shows the same. */
const AFTERGLOW_MS = 10_000
const SLOWEST_MS = 8000

/**
 * Asks the indexer about acknowledged actions until it shows them, then puts its answer into the
 * cache and lets go of the overlay. Returns how to stop.
 */
export function watchConfirmations(
  store: PendingStore,
  api: Api,
  queryClient: QueryClient,
): () => void {
  const watched = new Map<string, ReturnType<typeof setTimeout>>()

  async function ask(pending: Pending): Promise<PostView | UserView | null> {
    const subject = subjectToAsk(pending.action, store.user)
    if (!subject) return null
    if ('post' in subject) {
      const authorId = subject.post.slice(0, 52)
      const postId = subject.post.slice(53)
      const view = await api.post.view.query({ authorId, postId, viewerId: store.user })
      return view as PostView | null
    }
    const view = await api.user.view.query({ userId: subject.user, viewerId: store.user })
    return view as UserView | null
  }

  function keyOf(action: Action): QueryKey | null {
    const subject = subjectToAsk(action, store.user)
    return subject && ('post' in subject ? ['post', subject.post] : ['user', subject.user])
  }

  /** The indexer's answer takes the place of what is cached about the subject. */
  async function show(action: Action, seen: PostView | UserView | null): Promise<void> {
    const queryKey = keyOf(action)
    if (!queryKey) return
    const wasAsked = queryClient.isFetching({ queryKey, exact: true }) > 0
    // An answer that is on its way was asked for earlier and may be older, or later and newer.
    await queryClient.cancelQueries({ queryKey })
    queryClient.setQueryData(queryKey, seen)
    if (wasAsked) void queryClient.invalidateQueries({ queryKey, exact: true })
  }

  function changeLists(action: Action, seen: PostView | UserView | null | undefined): void {
    if (action.type === 'post') insertOwn(queryClient, store.user, action)
    if (action.type === 'bookmark') setBookmarked(queryClient, action.key, action.on)
    if (action.type === 'delete' && seen === null) removeFromStreams(queryClient, [action.key])
  }

  async function settle({ id, action }: Pending, seen: PostView | UserView | null): Promise<void> {
    await show(action, seen)
    changeLists(action, seen)
    await besides(action)
    if (outlivesItsNews(action)) await store.change(id, { shownAtMs: Date.now() })
    else await store.remove(id)
  }

  /** Before the overlay goes: what was asked for earlier may have come since, as if nothing had been done. */
  async function settleAgain(pending: Pending): Promise<void> {
    const { id, action } = pending
    await streamsLoaded(queryClient)
    // Taken back meanwhile, or done again.
    if (!store.list.some((one) => one.id === id)) return
    const queryKey = keyOf(action)
    let seen = queryKey ? queryClient.getQueryData<PostView | UserView | null>(queryKey) : undefined
    if (queryKey && (seen === undefined || !isReflected(action, seen, store.user))) {
      seen = await ask(pending)
      await show(action, seen)
    }
    changeLists(action, seen)
    await store.remove(id)
  }

  /** What else in the cache an action changes, before its overlay goes. */
  async function besides(action: Action): Promise<void> {
    const refresh = (queryKey: QueryKey) => queryClient.invalidateQueries({ queryKey })
    switch (action.type) {
      case 'post':
        if (action.parent) await refresh(['post', action.parent])
        if (action.embed) await refresh(['post', action.embed])
        if (action.parent) void refresh(['thread', action.parent])
        return
      case 'delete':
        if (action.parent) void refresh(['post', action.parent])
        if (action.embed) void refresh(['post', action.embed])
        return
      case 'follow':
        void refresh(['users'])
        void refresh(['user', store.user])
    }
  }

  /** A mute is shown by the list of mutes, which then is the newest there is. */
  async function isMuteShown(action: Extract<Action, { type: 'mute' }>): Promise<boolean> {
    const mutes = await api.user.mutes.query({ userId: store.user })
    if (mutes.includes(action.user) !== action.on) return false
    await queryClient.cancelQueries({ queryKey: ['mutes'] })
    queryClient.setQueryData(['mutes'], mutes)
    return true
  }

  async function check(id: string, waitMs: number): Promise<void> {
    const pending = store.list.find((one) => one.id === id)
    if (pending?.state !== 'sent') {
      watched.delete(id)
      return
    }
    const late = Date.now() - (pending.sentAtMs ?? 0) > LIMIT_MS
    try {
      const { action } = pending
      if (pending.shownAtMs !== undefined) {
        await settleAgain(pending)
        watched.delete(id)
        return
      }
      const seen = await ask(pending)
      const isShown =
        action.type === 'mute' ? await isMuteShown(action) : isReflected(action, seen, store.user)
      if (late || isShown) {
        watched.delete(id)
        await settle(pending, seen)
        return
      }
    } catch {
      // The indexer is away; what was sent stays visible meanwhile.
    }
    const next = Math.min(SLOWEST_MS, waitMs * 2)
    watched.set(
      id,
      setTimeout(() => void check(id, next), waitMs),
    )
  }

  function look(): void {
    for (const { id, state, shownAtMs } of store.list) {
      if (state !== 'sent' || watched.has(id)) continue
      const leftMs = shownAtMs === undefined ? FIRST_MS / 2 : shownAtMs + AFTERGLOW_MS - Date.now()
      watched.set(
        id,
        setTimeout(() => void check(id, FIRST_MS), Math.max(0, leftMs)),
      )
    }
  }

  look()
  const stop = store.subscribe(look)
  return () => {
    stop()
    for (const timer of watched.values()) clearTimeout(timer)
    watched.clear()
  }
}
