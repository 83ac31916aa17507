import type { StoragePath } from '@pubky/protocol'
import { expect, test } from 'vitest'
import { PubkyError } from '../errors.ts'
import { judgeFailure } from './rules.ts'

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
