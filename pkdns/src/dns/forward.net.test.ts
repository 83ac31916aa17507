import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decodeDnsMessage, randomBytes } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { startTestUpstream } from '../testing/upstream.ts'
import { RCODES } from './codes.ts'
import { createForwarder } from './forward.ts'

const wish = (name: string) => ({
  name,
  type: 1,
  recursive: true,
  dnssec: false,
  checkingDisabled: false,
})

/** A name server that refuses everything. */
async function startRefusing() {
  const socket = createSocket('udp4')
  socket.on('message', (message, { port, address }) => {
    const reply = Buffer.from(message)
    reply.writeUInt16BE(0x8000 | RCODES.REFUSED, 2)
    socket.send(reply, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { server: { host: '127.0.0.1', port: socket.address().port }, socket }
}

// covers 4.4.5
it('the next server is asked when one refuses, and a refusal is told when all do', async () => {
  const upstream = await startTestUpstream()
  const refusing = await startRefusing()
  const good = { host: '127.0.0.1', port: upstream.port }
  const forwarder = createForwarder({ servers: [refusing.server, good], random: randomBytes })
  try {
    const reply = await forwarder.ask(wish('host.example'))
    expect(reply && decodeDnsMessage(reply).answers[0]?.data).toMatchObject({
      address: '198.51.100.7',
    })
    const refused = await forwarder.ask(wish('host.example'), [refusing.server])
    expect((refused?.[3] ?? 0) % 16).toBe(RCODES.REFUSED)
  } finally {
    forwarder.close()
    refusing.socket.close()
    await upstream.close()
  }
})
