import { randomKeypair } from '@pubky/protocol'
import { signItem } from '@pubky/testkit/dht-contract'
import { expect, it } from 'vitest'
import { startTestNode } from './fixture.ts'
import { type FewNodes, fewAsked, fewStored, THRESHOLDS } from './thresholds.ts'

const asked = (queried: number, responded: number) => ({
  queried,
  responded,
  agreed: 0,
  newestInvalidSeq: null,
})
const put = (stored: number, notMoreRecent = 0, casFailed = 0) => ({
  stored,
  notMoreRecent,
  casFailed,
  failed: 3,
})

// covers 8.3.6
it.each([
  [asked(20, 5), null],
  [asked(19, 19), { what: 'queried', count: 19, least: 20 }],
  [asked(19, 4), { what: 'queried', count: 19, least: 20 }],
  [asked(60, 4), { what: 'responded', count: 4, least: 5 }],
])('on mainnet a look-up of %o lacks %o', (report, few) => {
  expect(fewAsked(report, THRESHOLDS.mainnet)).toEqual(few)
})

// covers 8.3.6
it.each([
  [put(10), null],
  [put(9), { what: 'stored', count: 9, least: 10 }],
  [put(0), { what: 'stored', count: 0, least: 10 }],
  [put(2, 3), null],
  [put(0, 0, 1), null],
])('on mainnet a publication of %o lacks %o', (report, few) => {
  expect(fewStored(report, THRESHOLDS.mainnet)).toEqual(few)
})

// covers 8.3.6
it('on one machine one node is enough', () => {
  expect(fewAsked(asked(1, 1), THRESHOLDS.local)).toBeNull()
  expect(fewAsked(asked(1, 0), THRESHOLDS.local)).toMatchObject({ what: 'responded' })
  expect(fewStored(put(1), THRESHOLDS.local)).toBeNull()
})

// covers 8.3.6
it('a node tells what its look-ups and publications lack, by thresholds of its own, and fails by none', async () => {
  await using first = await startTestNode()
  const told: FewNodes[] = []
  await using node = await startTestNode({
    bootstrap: [`127.0.0.1:${first.address.port}`],
    readOnly: true,
    thresholds: { stored: 2, responded: 3 },
    onFewNodes: (few) => told.push(few),
  })
  await node.ready
  const item = await signItem(randomKeypair(), 1n, Uint8Array.of(1))
  expect(await node.put(item)).toMatchObject({ stored: 1 })
  expect(told).toEqual([{ what: 'stored', count: 1, least: 2 }])
  expect(await node.get(item.key).first()).toEqual(item)
  await expect.poll(() => told[1]).toEqual({ what: 'responded', count: 1, least: 3 })
})
