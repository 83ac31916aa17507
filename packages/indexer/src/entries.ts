import type { EventId, Micros, PublicKeyZ32, StoragePath } from '@pubky/protocol'

/** What stays of an erased body, so that notices replay and edges are found (design 3). */
export interface ObjectRefs {
  parent?: string
  embed?: string
  mentions?: string[]
  target?: string
  label?: string
  kind?: string
}

/** Where the bytes of an entry lie. */
export type EntryBody =
  | { at: 'row'; bytes: Uint8Array }
  | { at: 'blob'; key: string; size: number }
  | { at: 'erased'; refs: ObjectRefs | null }

/** A person's record was seen for the first time, changed, or named its host anew. */
export interface HomeEntry {
  kind: 'HOME'
  /** Place in the total order of this journal, gapless, visible in order. */
  position: bigint
  owner: PublicKeyZ32
  /** Null when the record names no homeserver. */
  host: PublicKeyZ32 | null
  recordMicros: Micros
  receivedAtMs: number
  /** The policy that the record mirrors, as it is there. */
  policy?: Uint8Array | null
}

/** A write or a deletion as a host told it. Nothing about it has been judged. */
export interface ObjectEntry {
  kind: 'PUT' | 'DEL'
  position: bigint
  owner: PublicKeyZ32
  host: PublicKeyZ32
  /** Order among the entries of this host; see `sources.id_offset` for hosts that went back. */
  eventId: EventId
  path: StoragePath
  /** Fixed here; replay and rebuild never read a clock. */
  receivedAtMs: number
  hash: Uint8Array | null
  body: EntryBody | null
  proof: Uint8Array | null
  /** `superseded`: a later event carries the truth. `refused`: not fetched, `reason` says why. */
  status: 'ok' | 'superseded' | 'refused'
  reason: string | null
  format: 1
}

/** The operator removed a person (`path` null) or one object; its bodies are gone. */
export interface PurgeEntry {
  kind: 'PURGE'
  position: bigint
  owner: PublicKeyZ32
  path: StoragePath | null
  receivedAtMs: number
  reason: string | null
}

export type JournalEntry = HomeEntry | ObjectEntry | PurgeEntry

/** An entry before it has a place. */
export type NewObjectEntry = Omit<ObjectEntry, 'position'>
export type NewHomeEntry = Omit<HomeEntry, 'position'>
export type NewPurgeEntry = Omit<PurgeEntry, 'position'>
