import { openDatabase, rangeOf } from '../database.ts'
import { type Action, type Pending, subjectOf } from './actions.ts'

/** Unconfirmed actions of one person, in memory and in IndexedDB, the same in every tab. */
export class PendingStore {
  readonly user: string
  #list: readonly Pending[] = []
  #order = 0
  readonly #listeners = new Set<() => void>()
  readonly #channel: BroadcastChannel

  constructor(user: string) {
    this.user = user
    this.#channel = new BroadcastChannel(`pubky-outbox:${user}`)
    this.#channel.onmessage = () => void this.load()
  }

  get list(): readonly Pending[] {
    return this.#list
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #set(list: readonly Pending[]): void {
    this.#list = list
    for (const listener of this.#listeners) listener()
  }

  /** Reads what is kept, also after another tab has changed it. */
  async load(): Promise<void> {
    const db = await openDatabase()
    const rows = await db.getAll('pending', rangeOf(this.user))
    rows.sort((a, b) => a.order - b.order)
    this.#order = Math.max(this.#order, rows.at(-1)?.order ?? 0)
    this.#set(rows)
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
    const db = await openDatabase()
    const change = db.transaction('pending', 'readwrite')
    for (const { id } of replaced) change.store.delete([this.user, id])
    this.#order = Math.max(this.#order + 1, Date.now())
    change.store.put({ ...pending, user: this.user, order: this.#order })
    await change.done
    this.#channel.postMessage('changed')
    return pending
  }

  async change(id: string, change: Partial<Omit<Pending, 'id'>>): Promise<void> {
    this.#set(this.#list.map((one) => (one.id === id ? { ...one, ...change } : one)))
    const db = await openDatabase()
    const row = await db.get('pending', [this.user, id])
    if (row) await db.put('pending', { ...row, ...change })
    this.#channel.postMessage('changed')
  }

  async remove(id: string): Promise<void> {
    this.#set(this.#list.filter((one) => one.id !== id))
    await (await openDatabase()).delete('pending', [this.user, id])
    this.#channel.postMessage('changed')
  }

  close(): void {
    this.#channel.close()
  }
}
