import { createSocket } from 'node:dgram'
import { randomBytes, randomKeypair } from '@pubky/protocol'
import { signItem } from '@pubky/testkit/dht-contract'
import { expect, it } from 'vitest'
import { startTestNode } from './fixture.ts'
import { type Bencoded, decodeBencode, type Encodable, encodeBencode } from './krpc/bencode.ts'
import type { DhtNodeOptions } from './node.ts'

const node = (o: Partial<DhtNodeOptions> = {}) => startTestNode({ timeoutMs: 60_000, ...o })

/** A socket that asks one question and waits for its answer. */
async function asker(port: number) {
  const socket = createSocket('udp4')
  const replies = new Map<string, (r: Map<string, Bencoded>) => void>()
  socket.on('message', (bytes) => {
    const message = decodeBencode(bytes)
    const r = message instanceof Map ? message.get('r') : null
    const t = message instanceof Map ? message.get('t') : null
    if (r instanceof Map && t instanceof Uint8Array)
      replies.get(Buffer.from(t).toString())?.(r as Map<string, Bencoded>)
  })
  let asked = 0
  return {
    socket,
    ask(q: string, a: Record<string, Encodable>): Promise<Map<string, Bencoded>> {
      const t = `t${asked++}`
      socket.send(encodeBencode({ t, y: 'q', q, a: { id: randomBytes(20), ...a } }), port)
      return new Promise((resolve) => replies.set(t, resolve))
    },
  }
}

// covers 8.11.2
it('tells who has announced itself, as any node of the DHT does', async () => {
  await using target = await node()
  const { socket, ask } = await asker(target.address.port)
  const hash = { info_hash: randomBytes(20) }
  const token = (await ask('get_peers', hash)).get('token')
  expect(token).toBeInstanceOf(Uint8Array)
  await ask('announce_peer', { ...hash, port: 7777, token: token as Uint8Array })
  const values = (await ask('get_peers', hash)).get('values')
  const compact = Uint8Array.of(127, 0, 0, 1, 7777 >> 8, 7777 & 0xff)
  expect(values).toEqual([compact])
  socket.close()
})

// covers 8.11.9, 8.11.10
it('ends with the newest of versions that come at once, and swaps only what it should', async () => {
  await using first = await node()
  const bootstrap = [`127.0.0.1:${first.address.port}`]
  await using second = await node({ bootstrap })
  await using third = await node({ bootstrap })
  await Promise.all([second.ready, third.ready])
  const keypair = randomKeypair()
  const versions = await Promise.all(
    [1n, 2n, 3n, 3n].map((seq, at) => signItem(keypair, seq, Uint8Array.of(at))),
  )
  await Promise.allSettled(versions.map((item, at) => (at % 2 ? second : third).put(item)))
  const newest = versions[3]
  for (const one of [first, second, third])
    expect((await one.get(newest?.key ?? new Uint8Array(32)).newest()).item).toEqual(newest)
  const next = await signItem(keypair, 4n, Uint8Array.of(4))
  const wrong = await second.put(next, { cas: 2n })
  expect([wrong.stored, wrong.casFailed > 0]).toEqual([0, true])
  const [one, two] = await Promise.all([
    second.put(next, { cas: 3n }),
    third.put(next, { cas: 3n }),
  ])
  expect(one.stored + two.stored).toBeGreaterThan(0)
  expect((await first.get(next.key).newest()).item).toEqual(next)
})

// covers 8.11.14
it('believes no answer that comes when its time is up', async () => {
  await using target = await node({ timeoutMs: 60 })
  const { socket: late, ask } = await asker(target.address.port)
  const asked: Uint8Array[] = []
  late.on('message', (bytes) => {
    const query = decodeBencode(bytes)
    const t = query instanceof Map && query.has('q') ? query.get('t') : null
    if (t instanceof Uint8Array) asked.push(t)
  })
  await new Promise<void>((resolve) => late.bind(0, '127.0.0.1', resolve))
  await target.greet([{ host: '127.0.0.1', port: late.address().port }])
  await expect.poll(() => asked.length).toBeGreaterThan(0)
  for (const t of asked)
    late.send(
      encodeBencode({ t, y: 'r', r: { id: Buffer.alloc(20, 7) } }),
      target.address.port,
      '127.0.0.1',
    )
  // It reads in order: what it answers to comes after what it did not believe.
  await ask('find_node', { target: randomBytes(20) })
  expect(target.nodes().map(({ id }) => Buffer.from(id))).not.toContainEqual(Buffer.alloc(20, 7))
  late.close()
})
