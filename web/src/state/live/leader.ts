import type { AppRouter, LiveEvent } from '@pubky/nexus/api-types'
import { createTRPCClient, httpSubscriptionLink } from '@trpc/client'
import { type Interest, mergeInterests, type TabMessage } from './messages.ts'

// Loaded by the one tab that holds the connection.

/** A subscription that the indexer, or what stands before it, refused or ended is asked for again, later each time. */
const [RETRY_MS, MAX_RETRY_MS] = [1000, 60_000]

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
  let failures = 0
  let retry: ReturnType<typeof setTimeout> | undefined

  function deliver(event: LiveEvent, source: Interest['source']): void {
    o.channel.postMessage({ kind: 'event', event, source } satisfies TabMessage)
    o.onEvent(event, source)
  }

  function close(): void {
    clearTimeout(retry)
    const last = subscription
    subscription = null
    last?.unsubscribe()
  }

  function open(merged: Interest): void {
    close()
    const input = { ...merged, ...(o.viewer === null ? {} : { viewer: o.viewer }) }
    // The link connects anew by itself, and what it cannot resume comes as `reset`, until it is refused.
    const ended = () => {
      if (opened !== subscription) return
      o.onSilence()
      const ms = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures)
      failures += 1
      retry = setTimeout(() => open(merged), ms * (0.5 + Math.random() / 2))
    }
    const opened = client.live.subscribe.subscribe(input as never, {
      onStarted() {
        // What was missed meanwhile.
        if (failures > 0) deliver({ type: 'reset' }, merged.source)
        failures = 0
      },
      onData: (message: unknown) => {
        const { data } = message as { data: LiveEvent }
        deliver(data, merged.source)
      },
      onError: ended,
      onComplete: ended,
      onConnectionStateChange: ({ state, error }) => {
        if (state === 'connecting' && error) o.onSilence()
      },
    })
    subscription = opened
  }

  function update(): void {
    interests.set(o.ownTab, o.own())
    const merged = mergeInterests(interests.values())
    const text = JSON.stringify(merged)
    if (text === current) return
    const isFirst = current === ''
    current = text
    open(merged)
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
      close()
    },
  }
}
