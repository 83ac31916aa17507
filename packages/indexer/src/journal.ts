import type { EventId, PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { JournalEntry, NewHomeEntry, NewObjectEntry, NewPurgeEntry } from './entries.ts'

/** Where a feed was read up to, in the host's own ids. */
export interface FeedCursor {
  /** Null for the feed of the whole host. */
  owner: PublicKeyZ32 | null
  eventId: EventId
  /** The event at `eventId` in one line, to notice later that the host has gone back. */
  line?: string
  /** Who writes: the append is refused with `lease_lost` unless this process follows the host. */
  holder?: string
}

/** The log that everything else is computed from. */
export interface Journal {
  /**
   * Appends the entries and moves the cursor in one transaction. Entries that are already there
   * (same host and event) are left out; event ids ascend within a call. Resolves to the highest
   * position of the journal.
   */
  append(
    host: PublicKeyZ32,
    entries: readonly NewObjectEntry[],
    cursor: FeedCursor,
  ): Promise<bigint>
  /** Appends only when it says something new about the owner. */
  appendHome(entry: NewHomeEntry): Promise<bigint>
  /** Removes bodies, then says so in the journal. */
  appendPurge(entry: NewPurgeEntry): Promise<bigint>
  /** Entries above `after`, in order; at most `limit` of them and about 16 MiB of bodies. */
  read(
    after: bigint,
    limit: number,
    o?: { owners?: readonly PublicKeyZ32[] },
  ): Promise<JournalEntry[]>
  /**
   * As `read`, for those who follow: the newest entries may come from memory as they were appended,
   * with bodies that were erased since.
   */
  next(after: bigint, limit: number): Promise<JournalEntry[]>
  /** All entries of one object, in journal order. */
  history(owner: PublicKeyZ32, path: StoragePath): Promise<JournalEntry[]>
  /** The highest position. */
  head(): Promise<bigint>
  /**
   * Yields once at the start, whenever something was appended, and each second: the highest position
   * as far as it is known, else null.
   */
  wake(o: { signal?: AbortSignal }): AsyncIterable<bigint | null>
}
