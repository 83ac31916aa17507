import { expect, it } from 'vitest'
import type { LiveEvent } from './live-event.ts'
import { createMailbox, type Letter } from './mailbox.ts'

const id = (n: number) => ({ position: BigInt(n), ordinal: 1 })
const counts = (key: string, tags: number): LiveEvent => ({ type: 'counts', key, counts: { tags } })
const changed = (key: string): LiveEvent => ({ type: 'post_changed', key })

async function take(read: AsyncGenerator<Letter>, count: number): Promise<Letter[]> {
  const letters: Letter[] = []
  while (letters.length < count) {
    const next = await read.next()
    if (next.done) break
    letters.push(next.value)
  }
  return letters
}

it('tells counters of one key once, with the last values', async () => {
  const box = createMailbox({ coalesceMs: 5 })
  for (let n = 1; n <= 4; n++) box.post(id(n), counts('a', n))
  box.post(id(5), counts('b', 9))
  expect(await take(box.read(), 2)).toEqual([
    { id: '0.0', event: counts('a', 4) },
    { id: '5.1', event: counts('b', 9) },
  ])
})

it('gives events that overtake counters an id from before the counters, so that resuming loses none', async () => {
  const box = createMailbox({ coalesceMs: 5 })
  box.post(id(1), changed('x'))
  box.post(id(2), counts('a', 1))
  box.post(id(3), changed('y'))
  expect(await take(box.read(), 3)).toEqual([
    { id: '1.1', event: changed('x') },
    { id: '1.1', event: changed('y') },
    { id: '3.1', event: counts('a', 1) },
  ])
})

it('tells a reader that falls behind to start over, and keeps no more than it may', async () => {
  const box = createMailbox({ maxWaiting: 3 })
  for (let n = 1; n <= 10; n++) box.post(id(n), changed(`${n}`))
  expect(await take(box.read(), 1)).toEqual([{ id: '10.1', event: { type: 'reset' } }])
  box.post(id(11), changed('11'))
  expect(await take(box.read(), 1)).toEqual([{ id: '11.1', event: changed('11') }])
})

it('ends when it is closed, also while somebody waits', async () => {
  const box = createMailbox()
  const waiting = take(box.read(), 1)
  box.close()
  expect(await waiting).toEqual([])
})
