import { publicKeyBytes, randomBytes, randomKeypair } from '@pubky/protocol'
import { Teardown } from '@pubky/server-kit'
import { signItem } from '@pubky/testkit/dht-contract'
import { expect, it } from 'vitest'
import { startDhtNode } from './node.ts'

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
      timeoutMs: 120_000,
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
  expect(report).toMatchObject({ responded: 7, agreed: 7 })
})
