import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** Who follows whom, and what is written meanwhile: each request once, with an even pace. */
export interface StreamLoad {
  port: number
  /** Request targets of live streams, a connection each. */
  targets: string[]
  /** Whole PUTs to `/pub/pubky.app/posts/ID`, and the ID of each. */
  writes: { request: Uint8Array; id: string }[]
  perSecond: number
  /** Of these, the first so many are reported apart: both processes compile their code then. */
  warmUpWrites: number
  /** Of deliveries that have to come in all. */
  expected: number
}

export interface StreamResult {
  deliveries: number
  /** From sending the PUT until a subscriber has the event, in ms; one of sixteen. */
  latencies: number[]
  warmUpLatencies: number[]
  ms: number
}

const POSTS = '/posts/'
const ID_LENGTH = 13
const WRITERS = 16
const LAST_MS = 10_000

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Calls back with the ID of each post that a stream tells. */
function reader(onPost: (id: string) => void): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    const text = rest + chunk.toString('latin1')
    let at = text.indexOf(POSTS)
    let end = Math.max(0, text.length - POSTS.length + 1)
    while (at >= 0) {
      const from = at + POSTS.length
      if (from + ID_LENGTH > text.length) {
        end = at
        break
      }
      onPost(text.slice(from, from + ID_LENGTH))
      end = Math.max(end, from + ID_LENGTH)
      at = text.indexOf(POSTS, from + ID_LENGTH)
    }
    rest = text.slice(end)
  }
}

async function run(load: StreamLoad, ready: () => Promise<void>): Promise<StreamResult> {
  const sentAt = new Map<string, number>()
  const warmUpIds = new Set(load.writes.slice(0, load.warmUpWrites).map(({ id }) => id))
  const [latencies, warmUpLatencies]: [number[], number[]] = [[], []]
  let deliveries = 0
  const onPost = (id: string) => {
    deliveries += 1
    if (deliveries % 16 > 0) return
    const ofIts = warmUpIds.has(id) ? warmUpLatencies : latencies
    ofIts.push(performance.now() - (sentAt.get(id) ?? 0))
  }
  const streams: Socket[] = []
  for (const target of load.targets) {
    const socket = await open(load.port)
    const answered = new Promise<void>((resolve) => socket.once('data', () => resolve()))
    socket.on('data', reader(onPost))
    socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    streams.push(socket)
    await answered
  }
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => open(load.port)))
  for (const socket of writers) socket.resume()
  await ready()
  const startedMs = performance.now()
  for (const [i, { request, id }] of load.writes.entries()) {
    const wait = startedMs + (i * 1000) / load.perSecond - performance.now()
    if (wait > 1) await sleep(wait)
    sentAt.set(id, performance.now())
    writers[i % WRITERS]?.write(request)
  }
  const ms = performance.now() - startedMs
  const untilMs = performance.now() + LAST_MS
  while (deliveries < load.expected && performance.now() < untilMs) await sleep(20)
  for (const socket of [...streams, ...writers]) socket.destroy()
  return { deliveries, latencies, warmUpLatencies, ms }
}

/** The parent says `go` when it has seen what the streams cost while nothing happens. */
function untilGo(): Promise<void> {
  return new Promise((resolve) => {
    process.once('message', () => resolve())
    process.send?.('open')
  })
}

process.once('message', (load: StreamLoad) => {
  run(load, untilGo).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
