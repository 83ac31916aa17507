import { BlobStoreAwayError } from '@pubky/server-kit'
import { expect, test } from 'vitest'
import { tellAway } from './away.ts'

function failure(o: { code?: string; severity?: string; syscall?: string; message?: string }) {
  const { message = 'failed', ...rest } = o
  return Object.assign(new Error(message), rest)
}

function toldFor(error: unknown): unknown {
  try {
    tellAway(error)
  } catch (told) {
    return told instanceof Error && 'code' in told ? told.code : told
  }
}

test('a database that cannot be reached, or has no room left, is told as such', () => {
  for (const error of [
    failure({ code: 'ECONNREFUSED' }),
    failure({ code: 'ENOENT', syscall: 'connect' }),
    failure({ code: '57P01', severity: 'FATAL' }),
    failure({ code: '53100', severity: 'ERROR' }),
    failure({ message: 'Connection terminated unexpectedly' }),
  ])
    expect([error.message, toldFor(error)]).toEqual([error.message, 'database_unavailable'])
})

test('so is a blob store, and a disk that is full or broken', () => {
  for (const error of [
    new BlobStoreAwayError(failure({})),
    failure({ code: 'ENOSPC', syscall: 'write' }),
    failure({ code: 'EIO', syscall: 'fsync' }),
  ])
    expect([error.message, toldFor(error)]).toEqual([error.message, 'blob_store_unavailable'])
})

test('what is wrong with a statement or a file stays what it is', () => {
  for (const code of ['23505', 'ENOENT', 'EACCES']) expect(toldFor(failure({ code }))).toBe(code)
})
