import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'

/** What the load generator is to send: whole requests, each by one of so many connections. */
export interface Load {
  port: number
  connections: number
  /** Sent one after the other, each once; with `cycle` again from the beginning. */
  requests: Uint8Array[]
  /** Follows each of them. */
  body?: Uint8Array
  cycle: boolean
  seconds: number
  expect: number
}

export interface LoadResult {
  count: number
  ms: number
  /** Latencies of a sample of the requests, in ms. */
  latencies: number[]
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/** Reads one answer; the body is counted, not kept. */
function answerReader(onAnswer: (status: number) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  let status = 0
  let left = -1
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (;;) {
      if (left < 0) {
        const end = pending.indexOf(HEAD_END)
        if (end < 0) return
        const head = pending.toString('latin1', 0, end)
        status = Number(head.slice(9, 12))
        const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
        const isChunked = /\r\ntransfer-encoding: chunked/i.test(head)
        pending = pending.subarray(end + 4)
        left = isChunked ? Number.POSITIVE_INFINITY : Number(length ?? 0)
      }
      if (left === Number.POSITIVE_INFINITY) {
        // One answer at a time is on its way, so the last chunk ends what has come.
        if (!pending.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return
        left = pending.length
      }
      const taken = Math.min(left, pending.length)
      left -= taken
      pending = pending.subarray(taken)
      if (left > 0) return
      left = -1
      onAnswer(status)
      return
    }
  }
}

async function run(load: Load): Promise<LoadResult> {
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const socket: Socket = connect(load.port, '127.0.0.1')
      socket.setNoDelay(true)
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      })
      return socket
    }),
  )
  let next = 0
  let count = 0
  const latencies: number[] = []
  const started = performance.now()
  const until = started + load.seconds * 1000
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let sentAt = 0
          const send = () => {
            const request = load.requests[load.cycle ? next % load.requests.length : next]
            if (request === undefined || performance.now() >= until) return resolve()
            next += 1
            sentAt = performance.now()
            if (load.body) socket.cork()
            socket.write(request)
            if (load.body) {
              socket.write(load.body)
              socket.uncork()
            }
          }
          socket.on(
            'data',
            answerReader((status) => {
              if (status !== load.expect) return reject(new Error(`answered ${status}`))
              count += 1
              if (count % 8 === 0) latencies.push(performance.now() - sentAt)
              send()
            }),
          )
          socket.once('error', reject)
          send()
        }),
    ),
  )
  const ms = performance.now() - started
  for (const socket of sockets) socket.destroy()
  return { count, ms, latencies }
}

process.once('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
