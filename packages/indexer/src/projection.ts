import type { JournalEntry } from './entries.ts'

/** Something that is computed from the journal and can be computed again (design 3.4). */
export interface Projection {
  readonly name: string
  /** A new number is built beside the old one, then swapped. */
  readonly version: number
  /** The last position whose effect is committed; 0n when nothing is. */
  position(): Promise<bigint>
  /** Effect and position commit together; entries at or below the position are no-ops. */
  apply(entries: readonly JournalEntry[], o: { signal?: AbortSignal }): Promise<void>
  reset(): Promise<void>
  /** Equal for equal entry sets. */
  stateDigest(): Promise<string>
  /** Equal for equal entry sequences. */
  noticeDigest(): Promise<string>
}
