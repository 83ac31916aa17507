import { createSocket } from 'node:dgram'
import { randomBytes, randomKeypair } from '@pubky/protocol'
import { signItem } from '@pubky/testkit/dht-contract'
import { expect, it } from 'vitest'
import { startTestNode } from './fixture.ts'
import type { DhtNodeOptions } from './node.ts'

const node = (o: Partial<DhtNodeOptions>) => startTestNode(o)

// covers 4.1.5b
it('a node keeps so much of one address and no more, and its own apart', async () => {
  await using target = await node({ storage: { maxPerOwner: 2 } })
  const bootstrap = [`127.0.0.1:${target.address.port}`]
  await using stranger = await node({ bootstrap, readOnly: true })
  await stranger.ready
  const own = await signItem(randomKeypair(), 1n, Uint8Array.of(1))
  await target.put(own)
  for (let n = 0; n < 4; n++) {
    const { stored } = await stranger.put(await signItem(randomKeypair(), 1n, Uint8Array.of(n)))
    expect(stored).toBe(1)
  }
  expect(target.stats().items).toBe(3)
  expect(await stranger.get(own.key).first()).toEqual(own)
})

// covers 4.1.5c
it('no flood in the name of a node keeps its answers away', async () => {
  const limit = { rate: 1, burst: 3 }
  const rates = { perAddress: limit, total: limit }
  await using target = await node({ clock: () => 0n, rates })
  await using friend = await node({})
  const stranger = createSocket('udp4')
  for (let n = 0; n < 10; n++)
    await new Promise((sent) => stranger.send('noise', target.address.port, '127.0.0.1', sent))
  await expect
    .poll(async () => {
      await target.greet([friend.address])
      return target.nodes().map(({ port }) => port)
    })
    .toEqual([friend.address.port])
  stranger.close()
})

// covers 4.1.5d, 8.11.9
it('a node turns look-ups and publications away when more wait than it answers in time', async () => {
  await using target = await node({ bootstrap: ['127.0.0.1:9'], waiting: 3 })
  const lookups = Array.from({ length: 16 + 3 + 2 }, () => target.get(randomBytes(32)).newest())
  const item = await signItem(randomKeypair(), 1n, Uint8Array.of(1))
  await expect(target.put(item)).rejects.toMatchObject({ code: 'dht_busy' })
  const outcomes = await Promise.allSettled(lookups)
  const turnedAway = outcomes.filter(({ status }) => status === 'rejected')
  expect(turnedAway.length).toBe(2)
  expect(turnedAway[0]).toMatchObject({ reason: { code: 'dht_busy' } })
})
