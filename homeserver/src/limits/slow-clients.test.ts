import { IncomingMessage, ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerFirst, createHttpServer, createLogger, listen } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cutSlowClients, cutSlowReader, isSlowedByUs } from './slow-clients.ts'

const app = createHttpServer({ name: 'test', log: createLogger('test') })
let port = 0
let nowMs = 0
const slow = cutSlowClients(app, { nowMs: () => nowMs })
const { watched, look } = slow
/** How many bytes of each body have arrived, by path. */
const arrived = new Map<string, number>()
/** What the handler of `/thinks` waits for, once it has its body, and that of `/holds` before it takes it. */
const thinking: (() => void)[] = []
let held: IncomingMessage | null = null

beforeAll(async () => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  app.put('/:how', async (request) => {
    if (request.url === '/ours') isSlowedByUs(request.raw)
    let size = 0
    arrived.set(request.url, 0)
    if (request.url === '/holds') {
      held = request.raw
      await new Promise<void>((resolve) => {
        thinking.push(resolve)
      })
    }
    for await (const chunk of request.raw) {
      size += (chunk as Buffer).length
      arrived.set(request.url, size)
    }
    if (request.url === '/thinks')
      await new Promise<void>((resolve) => {
        thinking.push(resolve)
      })
    return { size }
  })
  app.put('/refused/long', async () => 'refused')
  app.get('/long', async (_, reply) => {
    cutSlowReader(reply.raw, { nowMs: () => nowMs, everyMs: 10 })
    return Readable.from(endless(), { objectMode: false })
  })
  answerFirst(app.server, ahead, 'PUT')
  port = (await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })).port
})

afterAll(() => app.close())

/** Two paths that the router never sees: one waits for its body, one does not. */
function ahead(request: IncomingMessage, response: ServerResponse): boolean {
  if (!request.url?.startsWith('/ahead/')) return false
  slow.watch(request)
  if (request.url === '/ahead/waits') request.resume().once('end', () => response.end('whole'))
  else response.end('refused', () => slow.answered(request))
  return true
}

function* endless() {
  for (;;) yield Buffer.alloc(64 * 1024)
}

/** A body of 100,000 bytes that is sent piece by piece. */
async function upload(path: string) {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    text += chunk
    if (text.includes('}')) socket.end()
  })
  socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`)
  await expect.poll(() => arrived.get(path)).toBe(0)
  let sent = 0
  return {
    async send(bytes: number) {
      socket.write('x'.repeat(bytes))
      sent += bytes
      await expect.poll(() => arrived.get(path), { interval: 1 }).toBe(sent)
    },
    finish: () => socket.write('x'.repeat(100_000 - sent)),
    /** What came back, at the end. */
    answer: closed.then(() => text),
  }
}

test('who sends a body drop by drop is cut off, who sends steadily is not', async () => {
  const drip = await upload('/drip')
  const steady = await upload('/steady')
  const ours = await upload('/ours')
  for (let i = 0; i < 6; i += 1) {
    nowMs += 9_900
    for (const slow of [drip, ours]) await slow.send(100)
    await steady.send(6000)
    look()
  }
  expect(watched()).toBe(3)
  nowMs += 9_900
  look()
  expect(await drip.answer).not.toContain('200 OK')
  for (const other of [steady, ours]) other.finish()
  expect(await steady.answer).toContain('{"size":100000}')
  expect(await ours.answer).toContain('{"size":100000}')
})

test('who was fast at first is cut off once only drops come', async () => {
  const burst = await upload('/burst')
  await burst.send(90_000)
  for (let i = 0; i < 14; i += 1) {
    nowMs += 9_900
    await burst.send(100)
    look()
  }
  expect(await burst.answer).not.toContain('200 OK')
})

test('who waits for us is not cut off', async () => {
  const waiting = await upload('/holds')
  waiting.finish()
  await expect.poll(() => held && held.readableLength >= held.readableHighWaterMark).toBe(true)
  for (let i = 0; i < 20; i += 1) {
    nowMs += 9_900
    look()
  }
  for (const finish of thinking.splice(0)) finish()
  expect(await waiting.answer).toContain('{"size":100000}')
})

test('who goes on sending after a refusal gets the answer, and is cut off after a while', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write('PUT /refused/long HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n')
  const answer = await new Promise((resolve) => socket.once('data', resolve))
  expect(String(answer)).toContain('refused')
  socket.write('x'.repeat(5_000_000))
  nowMs += 29_000
  look()
  expect(watched()).toBe(1)
  nowMs += 2000
  look()
  await closed
})

test('who takes a long answer drop by drop is cut off, who reads on is not', async () => {
  const read = (everyMs: number) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n')
    const seen = { bytes: 0, isOpen: true }
    socket.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length
      socket.pause()
      setTimeout(() => socket.resume(), everyMs)
    })
    socket.once('close', () => {
      seen.isOpen = false
    })
    return { seen, socket }
  }
  const [stuck, steady] = [read(600_000), read(1)]
  await expect.poll(() => steady.seen.bytes).toBeGreaterThan(20_000_000)
  nowMs += 61_000
  const before = steady.seen.bytes
  await expect.poll(() => steady.seen.bytes).toBeGreaterThan(before + 1_000_000)
  expect(steady.seen.isOpen).toBe(true)
  steady.socket.destroy()
  // The buffers of this machine take megabytes that nobody reads.
  nowMs += 86_400_000
  await sleep(100)
  stuck.socket.removeAllListeners('data').resume()
  await expect.poll(() => stuck.seen.isOpen).toBe(false)
})

test('nothing is kept of who went away before the answer', async () => {
  for (const sent of ['xxxxx', 'x']) {
    arrived.clear()
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('PUT /thinks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n')
    await expect.poll(watched).toBe(1)
    socket.write(sent)
    await expect.poll(() => arrived.get('/thinks')).toBe(sent.length)
    if (sent.length === 5) await expect.poll(() => thinking.length).toBe(1)
    socket.destroy()
    await expect.poll(watched).toBe(0)
    for (const finish of thinking.splice(0)) finish()
  }
})

test('bodies that do not come by way of the router are watched as well, and forgotten once they are here', async () => {
  const send = (path: string) => {
    const socket = connect(port, '127.0.0.1')
    const heard = { text: '', isOpen: true }
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard.text += bytes
    })
    socket.once('close', () => {
      heard.isOpen = false
    })
    socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx`)
    return { socket, heard }
  }
  const [whole, drip] = [send('/ahead/waits'), send('/ahead/waits')]
  await expect.poll(watched).toBe(2)
  whole.socket.write('x')
  await expect.poll(() => whole.heard.text).toContain('whole')
  await expect.poll(watched).toBe(1)
  const refused = send('/ahead/refused')
  await expect.poll(() => refused.heard.text).toContain('refused')
  nowMs += 31_000
  look()
  await expect.poll(() => refused.heard.isOpen).toBe(false)
  expect(drip.heard.isOpen).toBe(true)
  nowMs += 31_000
  look()
  await expect.poll(() => drip.heard.isOpen).toBe(false)
  expect([whole.heard.isOpen, watched()]).toEqual([true, 0])
  whole.socket.destroy()
})

test('an answer that nobody waits for any more is not watched', () => {
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  response.destroy()
  let looks = 0
  const nowMs = () => {
    looks += 1
    return 0
  }
  cutSlowReader(response, { nowMs })
  expect(looks).toBe(0)
})
