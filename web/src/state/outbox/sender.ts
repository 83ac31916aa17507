import { createOutbox, type Outbox, type OutboxEvent } from '@pubky/sdk'
import type { RuntimeConfig } from '../config.ts'
import { type Account, subscribeAccounts } from '../session/accounts.ts'
import { followHome, sessionOf } from '../session/connection.ts'
import { errorCode } from '../session/errors.ts'
import type { Pending } from './actions.ts'
import { planOps } from './plan.ts'
import { createQueueStorage } from './queue-storage.ts'
import type { PendingStore, SendNews } from './store.ts'
import { rescue } from './to-draft.ts'

// Loaded when there is something to send.

interface SenderOptions {
  config: RuntimeConfig
  store: PendingStore
  account: () => Account | null
  /** Whether anything can be reached. */
  reachable: () => boolean
  /** The homeserver did not answer. */
  onSilence: () => void
  /** The homeserver does not take the session of this grant any more. */
  onEnded: (grant: string | null) => void
  /** An action was refused for good, and nothing on the page says so. */
  onRefused: (code: string) => void
}

export interface Sender {
  wake(): void
  /** What this tab or another has to tell. */
  hear(news: SendNews): void
}

let running: { user: string; sender: Sender } | null = null

/** Sends the person's actions while this tab holds the lock; the others only add to the store. */
export function startSender(o: SenderOptions): Sender {
  if (running?.user === o.store.user) return running.sender
  const sender = start(o)
  running = { user: o.store.user, sender }
  return sender
}

function start(o: SenderOptions): Sender {
  const { config, store } = o
  let outbox: Outbox | null = null
  const adding = new Set<string>()

  async function send(...[write, options]: Parameters<Parameters<typeof createOutbox>[0]['send']>) {
    const account = o.account()
    if (account?.user !== store.user) throw new Error('another account is in use')
    try {
      const session = await sessionOf(config, account)
      return await session.storage.write(write, options)
    } catch (error) {
      if (errorCode(error) === 'moved') await followHome(config, store.user).catch(() => {})
      if (errorCode(error) === 'network' || errorCode(error) === 'timeout') o.onSilence()
      // Nothing was refused to who has signed in again meanwhile.
      if (o.account()?.grant !== account.grant) throw new Error('another grant is in use')
      throw error
    }
  }

  function find(id: string): Pending | undefined {
    return store.list.find((one) => one.id === id)
  }

  async function refuse(pending: Pending | undefined, code: string): Promise<void> {
    if (!pending) return
    const { type } = pending.action
    // Words are never thrown away: posts and profiles stay with what can be done about them.
    if (type === 'post' || type === 'profile')
      await store.change(pending.id, { state: 'failed', reason: code })
    else {
      await rescue(store.user, pending).catch(() => {})
      await store.remove(pending.id)
    }
    if (type !== 'post') store.tell({ kind: 'refused', id: pending.id, code })
  }

  const unheard = new Map<string, string>()

  function hear(news: SendNews): void {
    if (news.kind === 'ended') o.onEnded(news.grant)
    else if (news.kind === 'heard') unheard.delete(news.id)
    else {
      unheard.set(news.id, news.code)
      sayUnheard()
    }
  }

  /** A refusal is said where it is seen: the tab that sends may be hidden behind another. */
  function sayUnheard(): void {
    if (document.visibilityState !== 'visible') return
    for (const [id, code] of unheard) {
      o.onRefused(code)
      store.tell({ kind: 'heard', id })
    }
  }

  async function add(to: Outbox, pending: Pending): Promise<void> {
    const { id, action } = pending
    adding.add(id)
    try {
      const { ops, image } = planOps(store.user, action)
      if (action.type === 'profile' && image)
        await store.change(id, { action: { ...action, image } })
      // Others see posts in the order in which they arrive.
      const lane = action.type === 'post' ? { lane: 'posts' } : {}
      await to.add({ id, writes: ops, ...lane })
    } catch (error) {
      await refuse(pending, errorCode(error))
    } finally {
      adding.delete(id)
    }
  }

  /** Brings the queue in line with what the store says. */
  function sync(): void {
    const to = outbox
    if (!to) return
    if (to.paused) tellEnded()
    const queued = new Map(to.snapshot().map((action) => [action.id, action]))
    for (const pending of store.list) {
      if (pending.state !== 'waiting' || adding.has(pending.id)) continue
      const there = queued.get(pending.id)
      if (!there) void add(to, pending)
      else if (there.state === 'refused') void to.retry(pending.id)
    }
    for (const action of queued.values())
      if (action.state === 'refused' && !find(action.id)) void to.dismiss(action.id)
  }

  let endedGrant: string | null = null

  function tellEnded(): void {
    store.tell({ kind: 'ended', grant: endedGrant })
  }

  async function onEvent(event: OutboxEvent): Promise<void> {
    if (event.type === 'paused') {
      endedGrant = o.account()?.grant ?? null
      return tellEnded()
    }
    if (event.type === 'done') {
      const pending = find(event.action.id)
      // First of all: while it counts as waiting, `sync` would send it again.
      await store.change(event.action.id, { state: 'sent', sentAtMs: Date.now() })
      if (pending?.action.type === 'delete') {
        const { key } = pending.action
        const made = store.list.find(({ action }) => action.type === 'post' && action.key === key)
        if (made) await store.remove(made.id)
      }
      return
    }
    if (event.type === 'refused')
      return refuse(find(event.action.id), event.action.reason?.code ?? 'unknown')
    if (event.type === 'collapsed' && event.into === null) {
      // Made and unmade before anything was sent.
      const made = find(event.action.id)
      if (made) await store.remove(made.id)
      const key = made?.action.type === 'post' ? made.action.key : null
      const unmade = store.list.find(({ action }) => action.type === 'delete' && action.key === key)
      if (unmade) await store.remove(unmade.id)
    }
  }

  async function lead(): Promise<void> {
    const made = createOutbox({
      storage: createQueueStorage(store.user),
      send,
      // On a network of this machine the browser is offline and yet reaches everything.
      online: () => navigator.onLine || o.reachable(),
    })
    made.subscribe((event) => void onEvent(event))
    await made.ready
    await store.load()
    outbox = made
    store.subscribe(sync)
    addEventListener('online', () => made.wake())
    let grant = o.account()?.grant
    subscribeAccounts(() => {
      const account = o.account()
      if (account?.user !== store.user || account.grant === grant) return
      grant = account.grant
      made.resume()
      made.wake()
    })
    sync()
    // Until the tab is closed.
    await new Promise(() => {})
  }

  navigator.locks.request(`pubky-outbox:${store.user}`, lead).catch(() => {})
  document.addEventListener('visibilitychange', sayUnheard)
  return {
    hear,
    wake() {
      outbox?.wake()
      sync()
    },
  }
}
