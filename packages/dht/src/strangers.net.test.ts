import { createSocket } from 'node:dgram'
import { afterEach, expect, it } from 'vitest'
import { startTestNode } from './fixture.ts'
import { decodeBencode, type Encodable, encodeBencode } from './krpc/bencode.ts'
import type { DhtNode, DhtNodeOptions } from './node.ts'

const open: DhtNode[] = []

async function node(o: Partial<DhtNodeOptions> = {}): Promise<DhtNode> {
  const started = await startTestNode(o)
  open.push(started)
  return started
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((started) => started[Symbol.asyncDispose]()))
})

/** A node whose answers a test decides: what to add to the answer to `t`, or nothing. */
async function scripted(
  answer: (
    t: Uint8Array,
    from: { address: string; port: number },
  ) => Record<string, Encodable> | null,
) {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  const id = Buffer.alloc(20, port % 256)
  socket.on('message', (bytes, from) => {
    const query = decodeBencode(bytes)
    const t = query instanceof Map && query.has('q') ? query.get('t') : null
    const extra = t instanceof Uint8Array ? answer(t, from) : null
    if (extra) socket.send(encodeBencode({ y: 'r', r: { id }, ...extra }), from.port, from.address)
  })
  return {
    address: { host: '127.0.0.1', port },
    send: (bytes: Uint8Array, to: number) => socket.send(bytes, to, '127.0.0.1'),
    close: () => socket.close(),
  }
}

// covers 4.1.2
it('a node reaches old nodes that read ids of two bytes only', async () => {
  const old = await scripted((t) => (t.length === 2 ? { t } : null))
  // After a third of the time it asks in the old way.
  const target = await node({ timeoutMs: 6000 })
  await target.greet([old.address])
  expect(target.nodes().map(({ port }) => port)).toEqual([old.address.port])
  old.close()
})

// covers 8.11.14
it('a node believes an answer only with the id it sent, and from the port it asked', async () => {
  const liar = await scripted((t) => ({ t: Buffer.from(t).fill(0) }))
  const elsewhere = createSocket('udp4')
  const mute = await scripted((t, from) => {
    const answer = encodeBencode({ t, y: 'r', r: { id: Buffer.alloc(20, 3) } })
    elsewhere.send(answer, from.port, from.address)
    return null
  })
  const readOnly = await scripted((t) => ({ t, ro: 1 }))
  const target = await node()
  await target.greet([liar.address, mute.address, readOnly.address])
  expect(target.nodes()).toEqual([])
  for (const stop of [liar, mute, readOnly, elsewhere]) stop.close()
})

// covers 8.11.12
it('a node lets a node that asks something in once it answers, and nobody who is silent', async () => {
  const target = await node()
  const answering = await scripted((t) => ({ t }))
  const silent = await scripted(() => null)
  const ping = encodeBencode({ t: 'aaaa', y: 'q', q: 'ping', a: { id: Buffer.alloc(20, 9) } })
  for (const { send } of [answering, silent]) send(ping, target.address.port)
  await expect.poll(() => target.nodes().length).toBe(1)
  expect(target.nodes()[0]?.port).toBe(answering.address.port)
  answering.close()
  silent.close()
})
