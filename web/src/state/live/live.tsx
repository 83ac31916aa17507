'use client'

import type { LiveEvent } from '@pubky/nexus/api-types'
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useMemo, useRef } from 'react'
import { useConfig, useReach } from '../services.ts'
import { useViewer } from '../session/viewer.tsx'
import type { PostView, UserView } from '../views.ts'
import type { Interest, TabMessage } from './messages.ts'

type Handler = (event: LiveEvent, source: Interest['source']) => void

interface Live {
  setInterest(interest: Interest): void
  listen(handler: Handler): () => void
}

const LiveContext = createContext<Live | null>(null)

/** Changes of counters and posts go straight into the cache. */
function applyToCache(client: QueryClient, event: LiveEvent): void {
  if (event.type === 'counts') {
    const isPost = event.key.includes(':')
    client.setQueryData<PostView | UserView | null>(
      [isPost ? 'post' : 'user', event.key],
      (view) =>
        view
          ? ({ ...view, counts: { ...view.counts, ...event.counts } } as PostView | UserView)
          : view,
    )
    // Labels and taggers come with the view itself.
    if (isPost && 'tags' in event.counts)
      void client.invalidateQueries({ queryKey: ['post', event.key], refetchType: 'active' })
  } else if (event.type === 'post_changed' || event.type === 'post_removed')
    void client.invalidateQueries({ queryKey: ['post', event.key] })
  else if (event.type === 'notification') {
    client.setQueryData(['unread'], event.unread)
    void client.invalidateQueries({ queryKey: ['notifications'] })
  } else if (event.type === 'post' && event.replyTo)
    void client.invalidateQueries({ queryKey: ['thread', event.replyTo] })
}

/** One connection to the indexer for all tabs; this one opens it when no other does. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const { nexus } = useConfig()
  const reach = useReach()
  const { id: viewer } = useViewer()
  const client = useQueryClient()
  const interest = useRef<Interest>({ source: 'none' })
  const handlers = useRef(new Set<Handler>())
  const announce = useRef<() => void>(() => {})

  useEffect(() => {
    const tab = crypto.randomUUID()
    const channel = new BroadcastChannel(`pubky-live:${viewer ?? 'guest'}`)
    const stopped = new AbortController()
    let leader: { update(): void; stop(): void } | null = null

    const receive: Handler = (event, source) => {
      applyToCache(client, event)
      for (const handler of handlers.current) handler(event, source)
    }
    announce.current = () => {
      const message: TabMessage = { kind: 'interest', tab, interest: interest.current }
      channel.postMessage(message)
      leader?.update()
    }
    channel.onmessage = ({ data }: MessageEvent<TabMessage>) => {
      if (data.kind === 'event') receive(data.event, data.source)
      else if (data.kind === 'who') announce.current()
    }
    const leave = () => channel.postMessage({ kind: 'gone', tab } satisfies TabMessage)
    addEventListener('pagehide', leave)

    const lead = async () => {
      const { startLeader } = await import('./leader.ts')
      if (stopped.signal.aborted) return
      leader = startLeader({
        nexus,
        viewer,
        channel,
        own: () => interest.current,
        ownTab: tab,
        onEvent: receive,
        onSilence: reach.suspect,
      })
      await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve))
      leader.stop()
    }
    // After the first paint; the feed itself does not wait for the connection.
    const timer = setTimeout(() => {
      announce.current()
      navigator.locks
        ?.request(`pubky-live:${viewer ?? 'guest'}`, { signal: stopped.signal }, lead)
        .catch(() => {})
    }, 300)

    return () => {
      clearTimeout(timer)
      removeEventListener('pagehide', leave)
      leave()
      stopped.abort()
      channel.close()
      announce.current = () => {}
    }
  }, [nexus, reach, viewer, client])

  const live = useMemo<Live>(
    () => ({
      setInterest(next) {
        interest.current = next
        announce.current()
      },
      listen(handler) {
        handlers.current.add(handler)
        return () => handlers.current.delete(handler)
      },
    }),
    [],
  )
  return <LiveContext value={live}>{children}</LiveContext>
}

/** Hears about changes while mounted. Counters and posts in the cache are kept fresh without it. */
export function useLive(interest: Interest, handler: Handler): void {
  const live = use(LiveContext)
  const latest = useRef(handler)
  useEffect(() => {
    latest.current = handler
  })
  const text = JSON.stringify(interest)
  useEffect(() => {
    if (!live) return
    live.setInterest(JSON.parse(text) as Interest)
    const stop = live.listen((event, source) => latest.current(event, source))
    return () => {
      stop()
      live.setInterest({ source: 'none' })
    }
  }, [live, text])
}
