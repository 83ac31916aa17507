import type { JournalEntry } from './entries.ts'

/** Something that is computed from the journal and can be computed again (design 3.4). */
export interface Projection {
  readonly name: string
  /** A new number is built beside the old one, then swapped. */
  readonly version: number
  /** The last position whose effect is committed; 0n when nothing is. */
  position(): Promise<bigint>
  /**
   * Effect and position commit together; entries at or below the position are no-ops. Rejects when the position
   * is below `after`, up to which the entries before these were applied: a crash of the database took some back.
   */
  apply(
    entries: readonly JournalEntry[],
    o: { after?: bigint; signal?: AbortSignal },
  ): Promise<void>
  reset(): Promise<void>
  /** Equal for equal entry sets. */
  stateDigest(): Promise<string>
  /** Equal for equal entry sequences. */
  noticeDigest(): Promise<string>
}

/** For `apply`: refuses to leave out what lies between. */
export function refuseGap(position: bigint, after: bigint | undefined): void {
  if (after !== undefined && position < after)
    throw new Error(`the projection went back from ${after} to ${position}`)
}
