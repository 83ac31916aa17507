import { createPlaces } from '@pubky/server-kit'
import { relayError } from './errors.ts'
import type { MessageStore, StoredEntry } from './message-store.ts'
import { createWaiters, type WaitOptions } from './waiters.ts'

export interface Message {
  body: Uint8Array
  /** As the sender wrote it. */
  contentType: string | null
}

interface Entry extends StoredEntry {
  /** Client address that the message counts for. */
  address: string
}

export interface MailboxOptions {
  maxEntries: number
  maxEntriesPerAddress: number
  maxWaiting: number
  maxWaitingPerAddress: number
  nowMs: () => number
  /** Keeps messages through a restart. */
  store?: MessageStore | null
  /** Told of what cannot be told to a client. */
  warn?: (error: unknown) => void
}

/** The state behind both families of routes: messages by id, and who waits (spec/satellites.md 1.2). */
export function createMailbox(o: MailboxOptions) {
  const { nowMs, store = null, warn = () => {} } = o
  // In order of creation, in all and for each address.
  const entries = new Map<string, Entry>()
  const byAddress = new Map<string, Set<string>>()
  const places = createPlaces({
    max: o.maxWaiting,
    maxPerAddress: o.maxWaitingPerAddress,
    full: () => relayError('too_many_waiting'),
    fullHere: () => relayError('too_many_waiting_here'),
  })
  const readers = createWaiters<Message>(places)
  const senders = createWaiters<void>(places)
  const changing = new Map<string, Promise<void>>()

  /** One change of an id at a time, so that disk and memory agree. */
  function inTurn(id: string, change: () => Promise<void>): Promise<void> {
    const turn = (changing.get(id) ?? Promise.resolve()).catch(() => {}).then(change)
    changing.set(id, turn)
    const end = () => {
      if (changing.get(id) === turn) changing.delete(id)
    }
    turn.then(end, end)
    return turn
  }

  function place(entry: Entry): void {
    displace(entry.id)
    entries.set(entry.id, entry)
    const own = byAddress.get(entry.address) ?? new Set()
    byAddress.set(entry.address, own.add(entry.id))
  }

  function displace(id: string): void {
    const entry = entries.get(id)
    if (!entry) return
    entries.delete(id)
    const own = byAddress.get(entry.address)
    own?.delete(id)
    if (own?.size === 0) byAddress.delete(entry.address)
  }

  function evict(id: string): void {
    displace(id)
    senders.drop(id, 'message_gone')
    forget(id)
  }

  function forget(id: string): void {
    if (store)
      void inTurn(id, async () => (entries.has(id) ? undefined : store.remove(id))).catch(warn)
  }

  /** Who sends much loses the own messages first, then the oldest of all goes. */
  function makeRoom(address: string): void {
    const own = byAddress.get(address)
    const [ownOldest] = own ?? []
    if (own && own.size > o.maxEntriesPerAddress && ownOldest !== undefined) evict(ownOldest)
    const [oldest] = entries.keys()
    if (entries.size > o.maxEntries && oldest !== undefined) evict(oldest)
  }

  /** Expired ones are absent at once; what waited for them is told. */
  function current(id: string): Entry | null {
    const entry = entries.get(id)
    if (!entry) return null
    if (entry.expiresAtMs > nowMs()) return entry
    expire(id)
    return null
  }

  function expire(id: string): void {
    readers.drop(id, 'message_gone')
    evict(id)
  }

  function acknowledge(id: string): Promise<void> {
    return inTurn(id, async () => {
      const entry = current(id)
      if (!entry) throw relayError('no_message')
      if (entry.body === null) return
      const after: Entry = { ...entry, body: null }
      await store?.put(after)
      // In place, so that order and age stay.
      if (entries.get(id) === entry) entries.set(id, after)
      senders.wake(id)
    })
  }

  return {
    /** Replaces what is there and gives it to everybody who waits for it. Rejects with `store_failed`. */
    async post(
      id: string,
      message: Message,
      { address, ttlMs }: { address: string; ttlMs: number },
    ): Promise<void> {
      await inTurn(id, async () => {
        const createdAtMs = nowMs()
        const entry = { id, ...message, createdAtMs, expiresAtMs: createdAtMs + ttlMs, address }
        try {
          await store?.put(entry)
        } catch (cause) {
          throw relayError('store_failed', { cause })
        }
        senders.drop(id, 'message_gone')
        place(entry)
        makeRoom(address)
        readers.wake(id, message)
      })
    },

    /** The message, as often as it is asked for until it is acknowledged; waits for one. */
    async read(id: string, wait: WaitOptions): Promise<Message> {
      const entry = current(id)
      if (entry?.body) return { body: entry.body, contentType: entry.contentType }
      return readers.wait(id, wait)
    },

    /** Erases the message and answers its sender. Rejects with `no_message`. */
    acknowledge,

    /** For readers who cannot: it has been given out, whether that can be noted or not. */
    async acknowledgeRead(id: string): Promise<void> {
      await acknowledge(id).catch(warn)
    },

    /** Throws `no_message`. */
    isAcknowledged(id: string): boolean {
      const entry = current(id)
      if (!entry) throw relayError('no_message')
      return entry.body === null
    },

    /** Rejects with `no_message`, `message_gone` when it went or was replaced, or `timed_out`. */
    async untilAcknowledged(id: string, wait: WaitOptions): Promise<void> {
      const entry = current(id)
      if (!entry) throw relayError('no_message')
      if (entry.body !== null) await senders.wait(id, wait)
    },

    /** Removes what has expired; how many. */
    sweep(): number {
      const now = nowMs()
      const expired = [...entries.values()].filter(({ expiresAtMs }) => expiresAtMs <= now)
      for (const { id } of expired) expire(id)
      return expired.length
    },

    /** Takes up what an earlier process kept. */
    async load(): Promise<void> {
      if (!store) return
      const kept = (await store.load()).sort((a, b) => a.createdAtMs - b.createdAtMs)
      for (const entry of kept) {
        place({ ...entry, address: '' })
        if (entries.size > o.maxEntries) makeRoom('')
      }
      this.sweep()
    },

    stats: () => ({ entries: entries.size, waiting: places.total() }),
  }
}

export type Mailbox = ReturnType<typeof createMailbox>
