import { createSocket } from 'node:dgram'
import { expect, it } from 'vitest'
import { decodeBencode } from './bencode.ts'
import { KrpcSocket } from './socket.ts'

// covers 8.11.13
it('gives no two open questions the same id, not even the last one of all, whatever is drawn', async () => {
  const draws = [0xff, 0xff, 0xff, 0x00, 0xff, 0x00, 0x01]
  const limit = { rate: 1000, burst: 1000 }
  const socket = new KrpcSocket({
    network: 'local',
    clock: () => 0n,
    random: (bytes) => new Uint8Array(bytes).fill(draws.shift() ?? 0x02),
    timeoutMs: 3_600_000,
    readOnly: true,
    perAddress: limit,
    total: limit,
    onItemQuery: () => {},
    onSender: () => {},
    admits: () => true,
  })
  await socket.listen(0, '127.0.0.1')
  const silent = createSocket('udp4')
  const ids: string[] = []
  silent.on('message', (bytes) => {
    const query = decodeBencode(bytes)
    const t = query instanceof Map ? query.get('t') : null
    if (t instanceof Uint8Array) ids.push(Buffer.from(t).toString('hex'))
  })
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
  const to = { host: '127.0.0.1', port: silent.address().port }
  const asked = [1, 2, 3].map(() => socket.ask(to, 'ping', { id: new Uint8Array(20) }))
  await expect.poll(() => ids.length).toBe(3)
  expect(ids.sort()).toEqual(['00000000', '01010101', 'ffffffff'])
  socket.destroy()
  expect(await Promise.all(asked)).toEqual(Array(3).fill({ failed: 'closed' }))
  silent.close()
})
