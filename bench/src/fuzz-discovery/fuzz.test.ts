import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { fuzzDiscovery } from './fuzz.ts'
import { mutate } from './mutate.ts'

// covers 4.8.2
it('mutated datagrams and DNS messages do no harm', async () => {
  const parts = await fuzzDiscovery({ seed: 11, messages: 30_000 })
  for (const { messages, slowestMs } of Object.values(parts)) {
    expect(messages).toBeGreaterThanOrEqual(1500)
    expect(slowestMs).toBeLessThan(10)
  }
})

it('the same seed gives the same messages, and they differ from what they were', () => {
  const corpus = [Buffer.from('hello'), Buffer.from('world')]
  const some = (seed: number) => {
    const random = createRandom(seed)
    return Array.from({ length: 50 }, () => mutate(corpus, random).toString('hex'))
  }
  expect(some(1)).toEqual(some(1))
  expect(new Set(some(1)).size).toBeGreaterThan(25)
})
