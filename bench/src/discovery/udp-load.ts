import { createSocket, type Socket } from 'node:dgram'

/** Datagrams to be sent to one port of loopback, so many on their way at once or so many a second. */
export interface UdpLoad {
  port: number
  message: Uint8Array
  seconds: number
  /** On their way at once; a datagram that is lost is given up after a second. */
  window: number
  /** Questions a second, or null for as many as there are answers. */
  perSecond: number | null
}

export interface UdpLoadResult {
  count: number
  lost: number
  ms: number
  latencies: number[]
}

const SOCKETS = 4
const LOST_MS = 1000

async function open(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return socket
}

async function run({ port, message, seconds, window, perSecond }: UdpLoad): Promise<UdpLoadResult> {
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, open))
  const sentAt = new Float64Array(65_536)
  const latencies: number[] = []
  let [id, sent, count, lost] = [0, 0, 0, 0]
  const started = performance.now()
  const until = started + seconds * 1000

  const send = () => {
    id = (id + 1) % 65_536
    if (sentAt[id] !== 0) lost += 1
    const bytes = Buffer.from(message)
    bytes.writeUInt16BE(id, 0)
    sentAt[id] = performance.now()
    sent += 1
    sockets[id % SOCKETS]?.send(bytes, port, '127.0.0.1')
  }
  for (const socket of sockets)
    socket.on('message', (bytes) => {
      const at = bytes.readUInt16BE(0)
      const since = sentAt[at] ?? 0
      if (since === 0) return
      sentAt[at] = 0
      count += 1
      const now = performance.now()
      if (count % 8 === 0) latencies.push(now - since)
      if (perSecond === null && now < until) send()
    })
  if (perSecond === null) {
    for (let n = 0; n < window; n++) send()
    // What was lost on the way leaves a place free.
    const refill = setInterval(() => {
      const oldest = performance.now() - LOST_MS
      for (let at = 0; at < sentAt.length; at++) {
        if ((sentAt[at] ?? 0) === 0 || (sentAt[at] ?? 0) > oldest) continue
        sentAt[at] = 0
        lost += 1
        send()
      }
    }, LOST_MS)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    clearInterval(refill)
  } else {
    for (let due = 0; performance.now() < until; ) {
      due = ((performance.now() - started) / 1000) * perSecond
      while (sent < due) send()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const ms = performance.now() - started
  await new Promise((resolve) => setTimeout(resolve, 100))
  for (const socket of sockets) socket.close()
  return { count, lost, ms, latencies }
}

process.once('message', (load: UdpLoad) => {
  run(load).then((result) => process.send?.(result))
})
