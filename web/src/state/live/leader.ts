import type { AppRouter, LiveEvent } from '@pubky/nexus/api-types'
import { createTRPCClient, httpSubscriptionLink } from '@trpc/client'
import { type Interest, mergeInterests, type TabMessage } from './messages.ts'

// Loaded by the one tab that holds the connection.

interface LeaderOptions {
  nexus: string
  viewer: string | null
  channel: BroadcastChannel
  /** Interest of this tab. */
  own: () => Interest
  ownTab: string
  onEvent: (event: LiveEvent, source: Interest['source']) => void
  /** The connection is lost. */
  onSilence: () => void
}

interface Leader {
  /** Something about the interests of this tab has changed. */
  update(): void
  stop(): void
}

/** Keeps one subscription for all tabs of this browser and hands its events to them. */
export function startLeader(o: LeaderOptions): Leader {
  const client = createTRPCClient<AppRouter>({
    links: [httpSubscriptionLink({ url: `${o.nexus}/trpc` })],
  })
  const interests = new Map<string, Interest>()
  let current = ''
  let subscription: { unsubscribe(): void } | null = null

  function deliver(event: LiveEvent, source: Interest['source']): void {
    o.channel.postMessage({ kind: 'event', event, source } satisfies TabMessage)
    o.onEvent(event, source)
  }

  function update(): void {
    interests.set(o.ownTab, o.own())
    const merged = mergeInterests(interests.values())
    const text = JSON.stringify(merged)
    if (text === current) return
    const isFirst = current === ''
    current = text
    subscription?.unsubscribe()
    const input = { ...merged, ...(o.viewer === null ? {} : { viewer: o.viewer }) }
    subscription = client.live.subscribe.subscribe(input as never, {
      onData: (message: unknown) => {
        const { data } = message as { data: LiveEvent }
        deliver(data, merged.source)
      },
      // The link reconnects by itself; what it cannot resume comes as `reset`.
      onError: o.onSilence,
      onConnectionStateChange: ({ state, error }) => {
        if (state === 'connecting' && error) o.onSilence()
      },
    })
    // Between two subscriptions something may have been missed.
    if (!isFirst) deliver({ type: 'reset' }, merged.source)
  }

  function onMessage({ data }: MessageEvent<TabMessage>): void {
    if (data.kind === 'interest') interests.set(data.tab, data.interest)
    else if (data.kind === 'gone') interests.delete(data.tab)
    else return
    update()
  }

  o.channel.addEventListener('message', onMessage)
  o.channel.postMessage({ kind: 'who' } satisfies TabMessage)
  update()
  return {
    update,
    stop() {
      o.channel.removeEventListener('message', onMessage)
      subscription?.unsubscribe()
    },
  }
}
