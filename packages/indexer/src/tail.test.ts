import type { EventId, PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { expect, it } from 'vitest'
import type { NewObjectEntry } from './entries.ts'
import { createTail } from './tail.ts'

const entry = (id: number, size = 10): NewObjectEntry => ({
  kind: 'PUT',
  owner: 'ann' as PublicKeyZ32,
  host: 'host' as PublicKeyZ32,
  eventId: String(id) as EventId,
  path: `/pub/${id}` as StoragePath,
  receivedAtMs: id,
  hash: null,
  body: { at: 'row', bytes: new Uint8Array(size) },
  proof: null,
  status: 'ok',
  reason: null,
  format: 1,
})
const entries = (...ids: number[]) => ids.map((id) => entry(id))
const read = (tail: ReturnType<typeof createTail>, after: bigint, limit = 10) =>
  tail.after(after, limit)?.map(({ position }) => Number(position)) ?? null

it('gives what was committed last, from any place within it', () => {
  const tail = createTail()
  tail.add(entries(1, 2), 12n)
  tail.add(entries(3), 13n)
  expect(read(tail, 10n)).toEqual([11, 12, 13])
  expect(read(tail, 11n, 1)).toEqual([12])
  expect(tail.after(12n, 10)).toMatchObject([{ eventId: '3', position: 13n }])
})

it('leaves to the database what it does not have', () => {
  const tail = createTail()
  expect(read(tail, 0n)).toBeNull()
  tail.add(entries(1, 2), 12n)
  expect(read(tail, 9n)).toBeNull()
  expect(read(tail, 12n)).toBeNull()
})

it('begins anew where somebody else was in between, and never has a gap', () => {
  const tail = createTail()
  tail.add(entries(1), 1n)
  tail.add(entries(2), 3n)
  expect(read(tail, 0n)).toBeNull()
  expect(read(tail, 2n)).toEqual([3])
  // Committed before, heard of later.
  tail.add(entries(9), 2n)
  expect(read(tail, 1n)).toBeNull()
  expect(read(tail, 2n)).toEqual([3])
})

it('keeps within its bounds of entries and bytes', () => {
  const tail = createTail({ maxEntries: 3, maxBytes: 100 })
  tail.add(entries(1, 2, 3, 4, 5), 5n)
  expect(read(tail, 1n)).toBeNull()
  expect(read(tail, 2n)).toEqual([3, 4, 5])
  tail.add([entry(6, 90)], 6n)
  expect(read(tail, 3n)).toBeNull()
  expect(read(tail, 4n)).toEqual([5, 6])
  tail.add([entry(7, 200)], 7n)
  expect(read(tail, 6n)).toBeNull()
  tail.add(entries(8), 8n)
  expect(read(tail, 7n)).toEqual([8])
})
