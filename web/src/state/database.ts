import type { MovePlace } from '@pubky/sdk/move-types'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { KeptMirror } from './data/mirror-place.ts'
import type { Pending, Upload } from './outbox/actions.ts'

export interface Draft {
  user: string
  /** See `drafts.ts`. */
  slot: string
  text: string
  tags: string[]
  uploads?: Upload[]
  atMs: number
}

interface WebSchema extends DBSchema {
  pending: { key: [user: string, id: string]; value: Pending & { user: string; order: number } }
  queue: { key: [user: string, key: string]; value: unknown }
  cache: { key: string; value: { format: number; atMs: number; state: unknown } }
  drafts: { key: [user: string, slot: string]; value: Draft }
  moves: { key: string; value: MovePlace }
  mirrors: { key: string; value: KeptMirror }
}

const NAME = 'pubky-web'
const FORMAT = 3

let opening: Promise<IDBPDatabase<WebSchema>> | null = null

/** The app's database: unsent writes, the cache of each account, drafts, moves under way, mirrors. Never keys. */
export function openDatabase(): Promise<IDBPDatabase<WebSchema>> {
  opening ??= openDB<WebSchema>(NAME, FORMAT, {
    upgrade(db, from) {
      if (from < 1) {
        db.createObjectStore('pending', { keyPath: ['user', 'id'] })
        db.createObjectStore('queue')
        db.createObjectStore('cache')
        db.createObjectStore('drafts', { keyPath: ['user', 'slot'] })
      }
      if (from < 2) db.createObjectStore('moves')
      db.createObjectStore('mirrors')
    },
    blocking(_now, _next, event) {
      // A newer version of the app wants to upgrade in another tab.
      if (event.target instanceof IDBDatabase) event.target.close()
      opening = null
    },
  })
  opening.catch(() => {
    opening = null
  })
  return opening
}

/** Every key of a person in stores whose keys start with the person. */
export function rangeOf(user: string): IDBKeyRange {
  return IDBKeyRange.bound([user], [user, []])
}

/** Removes what the database holds about a person; drafts stay, they are the person's text. */
export async function forgetPerson(user: string): Promise<void> {
  const db = await openDatabase()
  await Promise.all([
    db.delete('pending', rangeOf(user)),
    db.delete('queue', rangeOf(user)),
    db.delete('cache', user),
    db.delete('mirrors', user),
  ])
}
