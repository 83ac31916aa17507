import { createSocket, type Socket } from 'node:dgram'
import { publicKeyBytes, randomBytes, randomKeypair } from '@pubky/protocol'
import { Teardown } from '@pubky/server-kit'
import { signItem } from '@pubky/testkit/dht-contract'
import { expect, it } from 'vitest'
import { startDhtNode } from './node.ts'

// covers 4.1.10
it('a look-up does not wait for the time limit of nodes that have died', async () => {
  await using nodes = new Teardown()
  const start = async (bootstrap: string[], readOnly = false) => {
    const node = await startDhtNode({
      host: '127.0.0.1',
      port: 0,
      bootstrap,
      network: 'local',
      clock: () => BigInt(Date.now()) * 1000n,
      random: randomBytes,
      readOnly,
      // Longer than this test may take.
      timeoutMs: 3_600_000,
    })
    await node.ready
    return nodes.use(node)
  }
  const first = await start([])
  const at = [`127.0.0.1:${first.address.port}`]
  const others = []
  for (let n = 1; n < 10; n++) others.push(await start(at))
  const reader = await start(at, true)
  const keypair = randomKeypair()
  const key = publicKeyBytes(keypair.publicKey)
  await first.put(await signItem(keypair, 1n, Buffer.from('x')))
  expect((await reader.get(key).newest()).report.responded).toBe(10)

  await Promise.all(others.slice(0, 3).map((node) => node[Symbol.asyncDispose]()))
  const { item, report } = await reader.get(key).newest()
  expect(item?.seq).toBe(1n)
  // One that is slower than the others may be passed over as well.
  expect(report.responded).toBeLessThanOrEqual(7)
  expect(report.agreed).toBe(report.responded)
})

it('a publication, and an answer that there is nothing, wait for those that are late', async () => {
  await using nodes = new Teardown()
  const start = async (bootstrap: string[], readOnly = false) => {
    const node = await startDhtNode({
      host: '127.0.0.1',
      port: 0,
      bootstrap,
      network: 'local',
      clock: () => BigInt(Date.now()) * 1000n,
      random: randomBytes,
      readOnly,
      timeoutMs: 120_000,
    })
    await node.ready
    return nodes.use(node)
  }
  const first = await start([])
  const at = `127.0.0.1:${first.address.port}`
  await start([at])
  const slow = await slowProxy(first.address.port, 300)
  nodes.add(slow.close)
  const keypair = randomKeypair()
  const item = await signItem(keypair, 1n, Buffer.from('x'))
  await first.put(item)
  // Knows the fast node first, whose store is then empty, and the slow one.
  const empty = await start([])
  const reader = await start([], true)
  await reader.greet([empty.address])
  for (let n = 0; n < 5; n++) await reader.get(randomBytes(32)).newest()
  await reader.greet([{ host: '127.0.0.1', port: slow.port }])
  expect(await reader.get(publicKeyBytes(keypair.publicKey)).first()).toMatchObject({ seq: 1n })
  const other = await signItem(randomKeypair(), 1n, Buffer.from('y'))
  expect((await reader.put(other)).stored).toBeGreaterThanOrEqual(2)
})

/** Passes datagrams on to a node of loopback, and its answers back so much later. */
async function slowProxy(to: number, delayMs: number) {
  const front = createSocket('udp4')
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve))
  const backs = new Map<number, Socket>()
  front.on('message', (bytes, { port }) => {
    let back = backs.get(port)
    if (!back) {
      back = createSocket('udp4')
      back.on('message', (answer) =>
        setTimeout(() => front.send(answer, port, '127.0.0.1', () => {}), delayMs),
      )
      backs.set(port, back)
    }
    back.send(bytes, to, '127.0.0.1')
  })
  return {
    port: front.address().port,
    close() {
      front.close()
      for (const back of backs.values()) back.close()
    },
  }
}
