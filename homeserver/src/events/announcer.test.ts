import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '@pubky/server-kit'
import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { createAnnouncer } from './announcer.ts'

/** A database that keeps what it is told, and answers when it is let. */
function setUp(o: { isBeside: boolean; fails?: boolean }) {
  const told: string[] = []
  const query = async ({ values }: { values: string[] }) => {
    await sleep(1)
    if (o.fails && told.length === 0) {
      told.push('failed')
      throw new Error('the database is away')
    }
    told.push(...values)
  }
  const announcer = createAnnouncer({
    pool: { query } as unknown as Pool,
    log: createLogger('test'),
    isBeside: () => o.isBeside,
  })
  return { told, announcer }
}

async function announceAll(announcer: ReturnType<typeof setUp>['announcer'], count: number) {
  for (let id = 1; id <= count; id += 1) {
    announcer.announce(BigInt(id))
    if (id % 10 === 0) await sleep(1)
  }
}

test.each([true, false])('the first and the last are told, beside others: %s', async (isBeside) => {
  const { told, announcer } = setUp({ isBeside })
  await announceAll(announcer, 500)
  await expect.poll(() => told.at(-1)).toBe('500')
  expect(told[0]).toBe('1')
  expect(told.map(Number)).toEqual([...told].map(Number).sort((a, b) => a - b))
  // One for each commit is what it is there to avoid.
  expect(told.length).toBeLessThan(isBeside ? 250 : 10)
  await announcer[Symbol.asyncDispose]()
})

test('what is older than what was announced is not told after it', async () => {
  const { told, announcer } = setUp({ isBeside: false })
  for (const id of [1n, 9n, 3n]) announcer.announce(id)
  await announcer[Symbol.asyncDispose]()
  expect(told).toEqual(['1', '9'])
})

test('what could not be told is told later, though nothing new comes', async () => {
  const { told, announcer } = setUp({ isBeside: true, fails: true })
  announcer.announce(1n)
  await expect.poll(() => told).toEqual(['failed', '1'])
  await announcer[Symbol.asyncDispose]()
})

test('who has closed it is told nothing more', async () => {
  const { told, announcer } = setUp({ isBeside: true })
  await announcer[Symbol.asyncDispose]()
  announcer.announce(1n)
  await sleep(20)
  expect(told).toEqual([])
})
