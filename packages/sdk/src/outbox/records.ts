import { ProtocolError, parseStrictPath } from '@pubky/protocol'
import { PubkyError } from '../errors.ts'
import type { NewAction, OutboxAction, OutboxWrite } from './types.ts'

/** How records of this program are written; others are left alone. */
const FORMAT = 1
export const ACTION_PREFIX = 'action/'

export const actionKey = (id: string): string => `${ACTION_PREFIX}${id}`
const bodyKey = (id: string, index: number): string => `body/${id}/${index}`

export type Pair = readonly [string, unknown]

export const toPair = (action: OutboxAction): Pair => [
  actionKey(action.id),
  { ...action, format: FORMAT },
]

/** All keys of an action, its bodies included. */
export function keysOf(action: OutboxAction): string[] {
  return [actionKey(action.id), ...action.writes.map((_, index) => bodyKey(action.id, index))]
}

export function bodyKeyOf(action: OutboxAction): string {
  return bodyKey(action.id, action.done)
}

/** Checks a new action. Throws `bad_request`. */
export function toAction(
  { id, writes, undo, meta, lane }: NewAction,
  o: { seq: number; nowMs: number },
): { action: OutboxAction; bodies: Pair[] } {
  if (id === '' || writes.length === 0)
    throw new PubkyError('bad_request', { detail: 'an action has an id and a write' })
  if (new Set(writes.map(({ path }) => path)).size !== writes.length)
    throw new PubkyError('bad_request', { detail: 'an action writes a path once' })
  const bodies: Pair[] = []
  const kept = writes.map(({ method, path, body, create = false }, index): OutboxWrite => {
    if (!isFilePath(path)) throw new PubkyError('bad_request', { detail: `not a file: ${path}` })
    if ((method === 'PUT') !== body instanceof Uint8Array)
      throw new PubkyError('bad_request', { detail: 'PUT has a body and DELETE has none' })
    if (body) bodies.push([bodyKey(id, index), body])
    return { method, path, create: method === 'PUT' && create, size: body?.length ?? 0 }
  })
  const action: OutboxAction = {
    id,
    seq: o.seq,
    writes: kept,
    done: 0,
    attempt: null,
    tries: 0,
    nextAtMs: 0,
    state: 'waiting',
    reason: null,
    undo: undo === undefined ? [] : [undo],
    meta,
    createdAtMs: o.nowMs,
    ...(lane !== undefined && { lane }),
  }
  return { action, bodies }
}

function isFilePath(path: string): boolean {
  try {
    return !parseStrictPath(path).endsWith('/')
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

/** What was kept before a reload, in order. Records of a newer program are not touched. */
export function fromPairs(pairs: readonly Pair[]): OutboxAction[] {
  return pairs
    .map(([, value]) => value)
    .filter((value): value is OutboxAction => isRecord(value))
    .map(({ ...action }) => action)
    .sort((a, b) => a.seq - b.seq)
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT
}
