import type { QueryClient } from '@tanstack/react-query'
import type { Api } from '../api.ts'
import {
  insertOnTop,
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

  async function settle(pending: Pending, seen: PostView | UserView | null): Promise<void> {
    const { action } = pending
    const subject = subjectToAsk(action, store.user)
    const queryKey =
      subject && ('post' in subject ? ['post', subject.post] : ['user', subject.user])
    if (queryKey) {
      // An answer that is on its way was asked for earlier and may be older.
      await queryClient.cancelQueries({ queryKey })
      queryClient.setQueryData(queryKey, seen)
    }
    await besides(action, seen)
    if (outlivesItsNews(action)) await store.change(pending.id, { shownAtMs: Date.now() })
    else await store.remove(pending.id)
  }

  /** What else in the cache an action changes, before its overlay goes. */
  async function besides(action: Action, seen: PostView | UserView | null): Promise<void> {
    const refresh = (queryKey: readonly unknown[]) => queryClient.invalidateQueries({ queryKey })
    switch (action.type) {
      case 'post':
        insertOnTop(queryClient, store.user, action)
        if (action.parent) await refresh(['post', action.parent])
        if (action.embed) await refresh(['post', action.embed])
        if (action.parent) void refresh(['thread', action.parent])
        return
      case 'delete':
        if (seen === null) removeFromStreams(queryClient, [action.key])
        if (action.parent) void refresh(['post', action.parent])
        if (action.embed) void refresh(['post', action.embed])
        return
      case 'bookmark':
        setBookmarked(queryClient, action.key, action.on)
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
    if (pending.shownAtMs !== undefined) {
      watched.delete(id)
      const { action } = pending
      if (action.type === 'post') {
        // What was asked for earlier may come without it.
        await streamsLoaded(queryClient)
        insertOnTop(queryClient, store.user, action)
      }
      await store.remove(id)
      return
    }
    const late = Date.now() - (pending.sentAtMs ?? 0) > LIMIT_MS
    try {
      const { action } = pending
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
