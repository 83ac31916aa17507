import type { OutboxStorage } from '@pubky/sdk'
import { openDatabase } from '../database.ts'

/** Where the queue of one person survives a reload. */
export function createQueueStorage(user: string): OutboxStorage {
  return {
    async list(prefix) {
      const db = await openDatabase()
      const range = IDBKeyRange.bound([user, prefix], [user, `${prefix}\uffff`])
      const read = db.transaction('queue').store
      const [keys, values] = await Promise.all([read.getAllKeys(range), read.getAll(range)])
      return keys.map(([, key], at) => [key, values[at]] as const)
    },
    async get(key) {
      return (await openDatabase()).get('queue', [user, key])
    },
    async write(changes) {
      const db = await openDatabase()
      const change = db.transaction('queue', 'readwrite', { durability: 'strict' })
      for (const [key, value] of changes.set) void change.store.put(value, [user, key])
      for (const key of changes.delete) void change.store.delete([user, key])
      await change.done
    },
  }
}
