import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MutableItem } from '@pubky/sdk/dht'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openItemLog } from './item-log.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-log-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const item = (key: number, seq: number, size = 10): MutableItem => ({
  key: new Uint8Array(32).fill(key),
  seq: BigInt(seq),
  value: new Uint8Array(size).fill(seq),
  sig: new Uint8Array(64).fill(7),
})
const openHere = (maxItems = 100) => openItemLog({ file: join(dir, 'items.log'), maxItems })

describe('the log of items', () => {
  // covers 8.2.13
  it('has the newest of each key again, with its time', async () => {
    const log = await openHere()
    await Promise.all([log.put(item(1, 1), 5n), log.put(item(2, 1), 6n), log.put(item(1, 2), 7n)])
    await log.close()
    const seen: bigint[] = []
    const again = await openItemLog({
      file: join(dir, 'items.log'),
      maxItems: 100,
      onEntry: ({ storedAt }) => seen.push(storedAt),
    })
    expect(seen).toEqual([5n, 6n, 7n])
    expect(await again.get(item(1, 0).key)).toEqual({ item: item(1, 2), storedAt: 7n })
    expect(await again.get(item(3, 0).key)).toBeNull()
    await again.close()
  })

  it.each([1, 7, 8, 60, 119, 121])('cuts off a torn end of %d bytes', async (length) => {
    const log = await openHere()
    await log.put(item(1, 1), 1n)
    const sound = (await stat(join(dir, 'items.log'))).size
    await log.put(item(2, 1), 1n)
    await log.close()
    const whole = await readFile(join(dir, 'items.log'))
    await writeFile(join(dir, 'items.log'), whole.subarray(0, sound + length))
    const again = await openHere()
    expect(again.size()).toBe(1)
    await again.put(item(3, 1), 1n)
    await again.close()
    const third = await openHere()
    expect([
      third.has(item(1, 0).key),
      third.has(item(2, 0).key),
      third.has(item(3, 0).key),
    ]).toEqual([true, false, true])
    await third.close()
  })

  // covers 8.9.1
  it('is written anew when most of it is dead, and loses nothing by it', async () => {
    const log = await openHere()
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 100 }, (_, key) =>
          log.put(item(key, round * 100 + (key % 7) + 1, 1000), 1n),
        ),
      )
    }
    expect(log.bytes()).toBeLessThan(1_500_000)
    expect((await stat(join(dir, 'items.log'))).size).toBeLessThan(1_500_000)
    for (let key = 0; key < 100; key++) {
      expect((await log.get(item(key, 0).key))?.item.seq).toBe(BigInt(1900 + (key % 7) + 1))
    }
    await log.close()
    const again = await openHere()
    expect(again.size()).toBe(100)
    await again.close()
  })

  it('keeps no more than it may', async () => {
    const log = await openHere(3)
    for (let key = 0; key < 10; key++) await log.put(item(key, 1), 1n)
    expect(log.size()).toBe(3)
    expect(log.has(item(9, 0).key)).toBe(true)
    await log.close()
  })

  // covers 4.2.2, 8.9.1, 8.9.2, 8.9.3
  it('lets go of what was used longest ago, by number and by bytes', async () => {
    const log = await openHere(3)
    for (let key = 0; key < 3; key++) await log.put(item(key, 1), 1n)
    await log.get(item(0, 0).key)
    log.touch(item(1, 0).key)
    await log.put(item(3, 1), 1n)
    const kept = (of: typeof log) => [0, 1, 2, 3].filter((key) => of.has(item(key, 0).key))
    expect(kept(log)).toEqual([0, 1, 3])
    await log.close()
    const entryBytes = (log.bytes() - 14) / 4
    const file = join(dir, 'items.log')
    const small = await openItemLog({ file, maxItems: 100, maxBytes: entryBytes * 2 })
    expect(kept(small)).toEqual([2, 3])
    await small.close()
  })

  it('refuses a file that is something else', async () => {
    await writeFile(join(dir, 'items.log'), 'a text that is no log of items')
    await expect(openHere()).rejects.toMatchObject({ code: 'dht_log_unreadable' })
  })

  it('refuses puts once it is closed', async () => {
    const log = await openHere()
    await log.close()
    await expect(log.put(item(1, 1), 1n)).rejects.toMatchObject({ code: 'dht_closed' })
  })
})
