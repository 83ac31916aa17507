import type { StoragePath } from '@pubky/protocol'
import { expect, test } from 'vitest'
import { PubkyError } from '../errors.ts'
import { toAction } from './records.ts'
import { judgeFailure, startable } from './rules.ts'

const write = {
  method: 'PUT' as const,
  path: '/pub/a' as StoragePath,
  body: new Uint8Array(),
  create: false,
  size: 0,
}

test('while an account moves, writes wait; once it has moved, they wait for its new session', () => {
  const moving = new PubkyError('moving', { status: 409, retryAfterSeconds: 15 })
  expect(judgeFailure(write, moving)).toMatchObject({ kind: 'retry', retryAfterSeconds: 15 })
  expect(judgeFailure(write, new PubkyError('moved', { status: 409 }))).toEqual({ kind: 'pause' })
})

test('actions of one lane go one after the other, also while one of them waits, and hold nobody else up', () => {
  const action = (seq: number, lane?: string) => {
    const writes = [{ method: 'DELETE' as const, path: `/pub/app/${seq}` as StoragePath }]
    const asked = { id: `${seq}`, writes, ...(lane !== undefined && { lane }) }
    return toAction(asked, { seq, nowMs: 0 }).action
  }
  const [first, other, second] = [action(1, 'posts'), action(2), action(3, 'posts')]
  const none = new Set<string>()
  const names = (actions: (typeof first)[], inFlight = none, nowMs = 0) =>
    startable(actions, { inFlight, held: none, nowMs }).map(({ id }) => id)
  expect(names([first, other, second])).toEqual(['1', '2'])
  expect(names([first, second], new Set(['1']))).toEqual([])
  expect(names([{ ...first, nextAtMs: 5000 }, other, second])).toEqual(['2'])
  expect(names([{ ...first, state: 'refused' }, second])).toEqual(['3'])
})
