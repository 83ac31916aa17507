import type { MovePlace, PlaceStore } from '@pubky/sdk/move-types'
import { openDatabase } from '../database.ts'

/** Where a move of a person keeps its place, in this browser. */
export function placeStore(user: string): PlaceStore<MovePlace> {
  return {
    load: () => unfinishedMove(user),
    async save(place) {
      const db = await openDatabase()
      const done = db.transaction('moves', 'readwrite', { durability: 'strict' })
      await Promise.all([done.store.put(place, user), done.done])
    },
  }
}

/** The move that was begun here and has not ended. */
export async function unfinishedMove(user: string): Promise<MovePlace | null> {
  const place = await (await openDatabase()).get('moves', user)
  return place && place.guarantee === null ? place : null
}

export async function forgetMove(user: string): Promise<void> {
  await (await openDatabase()).delete('moves', user)
}
