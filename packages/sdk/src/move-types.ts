import type { EventId, PublicKeyZ32, StoragePath } from '@pubky/protocol'

/** What is known of an object without its body. */
export interface SourceMeta {
  path: StoragePath
  /** BLAKE3 of the body. */
  hash: Uint8Array
  /** In bytes. */
  size: number
  /** As the source has it; whoever keeps it verifies it. */
  proof: Uint8Array | null
  lastModified: Date
}

export interface SourceObject extends SourceMeta {
  /** Whole for small bodies, a stream for large ones. */
  body: Uint8Array | ReadableStream<Uint8Array>
}

/** An account that is copied from: a homeserver, or an archive. */
export interface AccountSource {
  /** Every path, public and private. */
  paths(signal?: AbortSignal): AsyncIterable<StoragePath>
  /** Null when there is no such object. */
  head(path: StoragePath, signal?: AbortSignal): Promise<SourceMeta | null>
  open(path: StoragePath, signal?: AbortSignal): Promise<SourceObject | null>
  /** Hashes that are known without asking for each object, if there are any; some may be missing or old. */
  hashes?(signal?: AbortSignal): Promise<ReadonlyMap<StoragePath, Uint8Array>>
}

/** Where something resumable keeps its place. */
export interface PlaceStore<T> {
  /** Null when nothing was kept. */
  load(): Promise<T | null>
  /** Durable when it resolves. */
  save(place: T): Promise<void>
}

/** An object that could not be copied, and why; nothing else is held up by it. */
export interface CopyProblem {
  path: StoragePath
  code: string
}

export interface CopyCounts {
  /** Objects written, and those that were there already. */
  copied: number
  same: number
  deleted: number
  /** Objects of which the target has a newer version. */
  newer: number
  problems: CopyProblem[]
}

export type MoveStep = 'copy' | 'freeze' | 'publish' | 'follow' | 'done'

/** How far a move has come; JSON. */
export interface MovePlace {
  v: 1
  user: PublicKeyZ32
  from: PublicKeyZ32 | null
  to: PublicKeyZ32
  step: MoveStep
  /** Events of the old home up to here are copied. */
  cursor: EventId | null
  /** Milliseconds since the epoch when the new record was first seen. */
  publishedAt: number | null
  /** Set when the move has ended. */
  guarantee: MoveGuarantee | null
}

export interface MoveProgress {
  step: MoveStep
  done: number
  total: number
}

/**
 * What holds after a move. `frozen`: the old home took no write after the last one that was copied.
 * `followed`: it could not be frozen, and its late writes were copied for two record lifetimes; or it had
 * thawed, and they were copied until it was told. `archive`: everything that the archive had. `mirror`:
 * everything that the mirror had when the home was lost.
 */
export type MoveGuarantee = 'frozen' | 'followed' | 'archive' | 'mirror'

export interface MoveReport extends CopyCounts {
  guarantee: MoveGuarantee
  /** Whether the old home knows that it was left, and tells writers where to. */
  oldHomeTold: boolean
}
