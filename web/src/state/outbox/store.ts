import { openDatabase, rangeOf } from '../database.ts'
import { type Action, type Pending, subjectOf } from './actions.ts'

/** What tabs tell each other about sending. */
export type SendNews =
  | { kind: 'ended'; grant: string | null }
  | { kind: 'refused'; id: string; code: string }
  /** A tab that is seen has said so. */
  | { kind: 'heard'; id: string }

/** Unconfirmed actions of one person, in memory and in IndexedDB, the same in every tab. */
export class PendingStore {
  readonly user: string
  onNews: (news: SendNews) => void = () => {}
  #list: readonly Pending[] = []
  #order = 0
  #changes = 0
  #writing: Promise<unknown> = Promise.resolve()
  readonly #listeners = new Set<() => void>()
  readonly #channel: BroadcastChannel

  constructor(user: string) {
    this.user = user
    this.#channel = new BroadcastChannel(`pubky-outbox:${user}`)
    this.#channel.onmessage = ({ data }: MessageEvent<'changed' | SendNews>) => {
      if (data === 'changed') void this.load()
      else this.onNews(data)
    }
  }

  get list(): readonly Pending[] {
    return this.#list
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #set(list: readonly Pending[]): void {
    if (list.length === 0 && this.#list.length === 0) return
    this.#list = list
    for (const listener of this.#listeners) listener()
  }

  /** Reads what is kept, also after another tab has changed it. */
  async load(): Promise<void> {
    const db = await openDatabase()
    let rows: (Pending & { order: number })[]
    let seen: number
    // What is changed while it is read would be undone.
    do {
      await this.#writing
      seen = this.#changes
      rows = await db.getAll('pending', rangeOf(this.user))
    } while (seen !== this.#changes)
    rows.sort((a, b) => a.order - b.order)
    this.#order = Math.max(this.#order, rows.at(-1)?.order ?? 0)
    // What was done before this list was read may be about the same.
    const newest = new Map(rows.map((row) => [subjectOf(row.action), row.id]))
    this.#set(rows.filter(({ id, action }) => newest.get(subjectOf(action)) === id))
  }

  /** Shows the action at once; the promise settles when it is kept. */
  async add(action: Action): Promise<Pending> {
    const subject = subjectOf(action)
    const replaced = this.#list.filter((one) => subjectOf(one.action) === subject)
    const pending: Pending = {
      id: crypto.randomUUID(),
      action,
      state: 'waiting',
      reason: null,
      sentAtMs: null,
    }
    this.#set([...this.#list.filter((one) => !replaced.includes(one)), pending])
    this.#order = Math.max(this.#order + 1, Date.now())
    const row = { ...pending, user: this.user, order: this.#order }
    await this.#write(async (db) => {
      const change = db.transaction('pending', 'readwrite')
      for (const { id } of replaced) change.store.delete([this.user, id])
      change.store.put(row)
      await change.done
    })
    return pending
  }

  async change(id: string, change: Partial<Omit<Pending, 'id'>>): Promise<void> {
    this.#set(this.#list.map((one) => (one.id === id ? { ...one, ...change } : one)))
    await this.#write(async (db) => {
      const { store, done } = db.transaction('pending', 'readwrite')
      const row = await store.get([this.user, id])
      if (row) store.put({ ...row, ...change })
      await done
    })
  }

  async remove(id: string): Promise<void> {
    this.#set(this.#list.filter((one) => one.id !== id))
    await this.#write((db) => db.delete('pending', [this.user, id]))
  }

  /** Tells every tab, this one too. */
  tell(news: SendNews): void {
    this.#channel.postMessage(news)
    this.onNews(news)
  }

  async #write(change: (db: Awaited<ReturnType<typeof openDatabase>>) => Promise<void>) {
    this.#changes += 1
    const done = openDatabase().then(change)
    this.#writing = Promise.allSettled([this.#writing, done])
    await done
    this.#channel.postMessage('changed')
  }

  close(): void {
    this.#channel.close()
  }
}
