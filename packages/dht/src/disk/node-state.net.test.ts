import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startTestNode } from '../fixture.ts'
import { loadNodeState } from './node-state.ts'

// covers 4.1.7
it('a node has on disk whom it has met as soon as it has joined, and keeps them while its network is away', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-met-'))
  const met = async () =>
    (await loadNodeState(join(dir, 'node.json')))?.contacts.map(({ host, port }) => ({
      host,
      port,
    }))
  const friend = await startTestNode()
  const bootstrap = [`127.0.0.1:${friend.address.port}`]
  // Not closed before its file is read: a node that is killed closes nothing.
  const node = await startTestNode({ dir, bootstrap })
  await expect.poll(met).toEqual([friend.address])
  await friend[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
  const alone = await startTestNode({ dir, bootstrap })
  await alone.ready
  expect(alone.nodes()).toEqual([])
  await alone[Symbol.asyncDispose]()
  expect(await met()).toEqual([friend.address])
  await rm(dir, { recursive: true, force: true })
})
