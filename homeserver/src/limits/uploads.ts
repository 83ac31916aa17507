import { createPlaces } from '@pubky/server-kit'
import { refusals } from '../errors.ts'

/** Larger bodies are worth a look-up first; smaller ones are here sooner than its answer. */
export const LARGE_BYTES = 1024 * 1024
/** Large bodies at once of an account that may store what it likes. */
const MAX_UNBOUNDED = 100
const RETRY_SECONDS = 10
/** What a file counts beside its size. */
const FILE_BYTES = 256

/** What an account may still store, and what lies at a path of it. */
export interface Room {
  limit: number
  used: number
  /** The size of the file that is replaced. */
  replaced: number | null
}

/** A body that is on its way. */
export interface Upload {
  /** How long it may be when nothing else is on its way; null when that was not looked at. */
  room: number | null
  /** Counts what has come of a body that does not tell its length. False when there is no room for it; it counts no more then. */
  grow(bytes: number): boolean
  /** It is here, or will never be. */
  leave(): void
}

/** Bodies on their way in this process, of which the database does not know yet, by account. */
export interface Uploads {
  bytesOf(userId: string): number
  /** Null when there is no room beside what is on its way. A length of NaN is not known yet. */
  begin(userId: string, room: Room | null, length: number): Upload | null
  /** For an account without a limit; throws when it sends too many. */
  beginUnbounded(userId: string): Upload
}

export function createUploads(): Uploads {
  /** Bytes on their way, and by how much they make what is stored grow, of those whose room was looked at. */
  const coming = new Map<string, { bytes: number; growth: number; count: number }>()
  const unbounded = createPlaces({
    max: Number.POSITIVE_INFINITY,
    maxPerAddress: MAX_UNBOUNDED,
    full: () => refusals.tooManyRequests(RETRY_SECONDS),
    fullHere: () => refusals.tooManyRequests(RETRY_SECONDS),
  })

  return {
    bytesOf: (userId) => coming.get(userId)?.bytes ?? 0,
    begin(userId, room, length) {
      const all = coming.get(userId) ?? { bytes: 0, growth: 0, count: 0 }
      coming.set(userId, all)
      all.count += 1
      const free = room && Math.max(0, room.limit - room.used)
      const replaced = room?.replaced ?? null
      const own = { bytes: 0, growth: 0 }
      let isGone = false

      /** Growing needs room; and bodies that replace others take some until they do. */
      function fits(): boolean {
        if (free === null || room === null) return true
        const isAlone = all.bytes === own.bytes
        return (own.growth === 0 || all.growth <= free) && (isAlone || all.bytes <= room.limit)
      }
      function count(bytes: number): void {
        const before = replaced === null ? 0 : replaced + FILE_BYTES
        // It may replace as much: nothing was looked at, and the commit judges it.
        const growth = room === null ? 0 : Math.max(0, bytes + FILE_BYTES - before)
        all.bytes += bytes - own.bytes
        all.growth += growth - own.growth
        Object.assign(own, { bytes, growth })
      }
      const upload: Upload = {
        room: free === null ? null : (replaced ?? -FILE_BYTES) + free,
        grow(bytes) {
          count(own.bytes + bytes)
          const isFitting = fits()
          // At once: another that is looked at next need not be refused, too.
          if (!isFitting) upload.leave()
          return isFitting
        },
        leave() {
          if (isGone) return
          isGone = true
          all.bytes -= own.bytes
          all.growth -= own.growth
          all.count -= 1
          if (all.count === 0) coming.delete(userId)
        },
      }
      return upload.grow(Number.isNaN(length) ? 0 : length) ? upload : null
    },
    beginUnbounded: (userId) => ({
      room: null,
      grow: () => true,
      leave: once(unbounded.take(userId)),
    }),
  }
}

function once(leave: () => void): () => void {
  let isGone = false
  return () => {
    if (!isGone) leave()
    isGone = true
  }
}
