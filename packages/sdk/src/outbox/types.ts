import type { StoragePath } from '@pubky/protocol'
import type { Attempt, WriteOptions, WriteOutcome, WriteRequest } from '../types.ts'

/** One change of a waiting action. Its body lies in the storage under a key of its own. */
export interface OutboxWrite {
  method: 'PUT' | 'DELETE'
  path: StoragePath
  /** The path is known to be empty: another body there is not replaced. */
  create: boolean
  /** Of the body, in bytes. */
  size: number
}

/** What a person did: its changes are sent in their order, one after the other. */
export interface OutboxAction {
  readonly id: string
  /** The order in which actions came. */
  readonly seq: number
  readonly writes: readonly OutboxWrite[]
  /** How many of the writes are stored. */
  readonly done: number
  /** Of the next write, when it was sent and may have arrived. */
  readonly attempt: Attempt | null
  /** Failures in a row. */
  readonly tries: number
  /** Not sent before, in ms since the epoch. */
  readonly nextAtMs: number
  readonly state: 'waiting' | 'refused'
  readonly reason: { code: string; detail: string } | null
  /** What the app needs to undo it, of collapsed actions too, oldest first. Undo in reverse. */
  readonly undo: readonly unknown[]
  /** Whatever the app wants to find again. */
  readonly meta: unknown
  /** Actions of one lane are sent in their order, whatever their paths. */
  readonly lane?: string
  readonly createdAtMs: number
}

export interface NewAction {
  /** Unique; the app's own. */
  id: string
  writes: readonly {
    method: 'PUT' | 'DELETE'
    path: StoragePath
    body?: Uint8Array | null
    create?: boolean
  }[]
  undo?: unknown
  meta?: unknown
  /** Such as the posts of a person, whose order others see. */
  lane?: string
}

/**
 * Where the outbox survives a reload, such as IndexedDB: values are structured-cloneable. `write` does
 * all or nothing.
 */
export interface OutboxStorage {
  /** Every pair whose key begins with `prefix`. */
  list(prefix: string): Promise<readonly (readonly [string, unknown])[]>
  get(key: string): Promise<unknown>
  write(changes: {
    set: readonly (readonly [string, unknown])[]
    delete: readonly string[]
  }): Promise<void>
}

/** Sends one write: `session.storage.write`. */
export type OutboxSend = (
  write: WriteRequest,
  o: Pick<WriteOptions, 'before' | 'onAttempt' | 'signal'>,
) => Promise<WriteOutcome>

export type OutboxEvent =
  | { type: 'added' | 'done' | 'cancelled'; action: OutboxAction }
  /** `into`: the later action that took its place; null when both together change nothing. */
  | { type: 'collapsed'; action: OutboxAction; into: string | null }
  /** Refused for good: undo it, keep what the person wrote. */
  | { type: 'refused'; action: OutboxAction }
  /** The session has ended; `resume` after the next sign-in. */
  | { type: 'paused' | 'resumed' }

export interface OutboxOptions {
  storage: OutboxStorage
  send: OutboxSend
  /** In ms since the epoch. */
  now?: () => number
  /** In [0, 1). */
  random?: () => number
  online?: () => boolean
  /** Calls `run` after so many ms; returns what cancels it. */
  timer?: (ms: number, run: () => void) => () => void
}

export interface Outbox {
  /** Resolves when what was waiting before a reload is loaded. Nothing is sent before. */
  readonly ready: Promise<void>
  /** Resolves when the action is kept. Rejects with `outbox_full` or `bad_request`. */
  add(action: NewAction): Promise<void>
  /** Everything that waits or was refused; the same array until something changes. */
  snapshot(): readonly OutboxAction[]
  readonly paused: boolean
  subscribe(listener: (event: OutboxEvent) => void): () => void
  /** Takes an action back of which nothing was sent. False when it is too late. */
  cancel(id: string): Promise<boolean>
  /** Sends a refused action again, as the newest. */
  retry(id: string): Promise<boolean>
  /** Forgets a refused action. */
  dismiss(id: string): Promise<boolean>
  /** After a sign-in. */
  resume(): void
  /** Sends what waits for its next try at once, such as when the network is back. */
  wake(): void
  /** Resolves when nothing waits that could be sent. */
  idle(): Promise<void>
  /** Stops sending; what waits stays kept. */
  stop(): Promise<void>
}
