import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHttpServer, createLogger, listen } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeChunk, openStream, type Stream } from './sse.ts'

const app = createHttpServer({ name: 'test', log: createLogger('test') })
const HEARTBEAT_MS = 50
const opened: Stream[] = []
let arrived = 0
let answerSlow = () => {}
const slow = new Promise<void>((resolve) => {
  answerSlow = resolve
})
let port = 0
let url = ''

beforeAll(async () => {
  const times = (heartbeatMs: number, stuckMs: number) => ({ heartbeatMs, stuckMs })
  app.get('/lively', async (request, reply) => {
    opened.push(openStream(request, reply, { 'x-more': 'yes' }, times(HEARTBEAT_MS, 60_000)))
    return reply
  })
  app.get('/stuck', async (request, reply) => {
    opened.push(openStream(request, reply, {}, times(60_000, 100)))
    return reply
  })
  app.get('/late', async (request, reply) => {
    const { socket } = request.raw
    arrived += 1
    if (!socket.destroyed) await once(socket, 'close')
    opened.push(openStream(request, reply, {}, times(60_000, 60_000)))
    return reply
  })
  app.get('/never', () => new Promise(() => {}))
  app.get('/slow', async () => {
    await slow
    return 'slow'
  })
  const listening = await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })
  port = listening.port
  url = listening.url
})

afterAll(() => app.close())

async function open(path: string) {
  const response = await fetch(url + path)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const stream = opened.at(-1)
  if (!reader || !stream) throw new Error('nothing was opened')
  let text = ''
  const reading = (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value
  })()
  return { response, stream, reading, reader, text: () => text }
}

test('a silent stream says now and then that it is there, and nothing that could be an event', async () => {
  const { response, stream, reading, text } = await open('/lively')
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('x-more')).toBe('yes')
  await expect.poll(text).toMatch(/^(?::\n\n){3}/)
  stream.end()
  await reading
  expect(text().replaceAll(':\n\n', '')).toBe('')
})

test('a stream that has something to say does not say more', async () => {
  const { stream, reading, text } = await open('/lively')
  // Only where this machine stood still for so long was it silent.
  let silences = 0
  let lastMs = performance.now()
  const look = () => {
    const nowMs = performance.now()
    silences += Math.floor((nowMs - lastMs + 2) / HEARTBEAT_MS)
    lastMs = nowMs
  }
  for (let i = 0; i < 60; i += 1) {
    look()
    await stream.send('data: x\n\n')
    await sleep(5)
  }
  look()
  stream.end()
  await reading
  expect(text().match(/^:$/gm)?.length ?? 0).toBeLessThanOrEqual(silences)
})

test('its signal fires when the reader goes, and sending to nobody is no error', async () => {
  const { stream, reader } = await open('/lively')
  await reader.cancel()
  if (!stream.signal.aborted) await once(stream.signal, 'abort')
  await stream.send('data: x\n\n')
})

test.each([
  ['gone', ''],
  ['gone, and waited behind another answer', 'GET /never HTTP/1.1\r\nHost: x\r\n\r\n'],
])('a stream is over when it opens for somebody who is %s', async (_, before) => {
  const [openedBefore, arrivedBefore] = [opened.length, arrived]
  const socket = connect(port, '127.0.0.1')
  socket.write(`${before}GET /late HTTP/1.1\r\nHost: x\r\n\r\n`)
  await expect.poll(() => arrived).toBe(arrivedBefore + 1)
  socket.destroy()
  await expect.poll(() => opened.length).toBe(openedBefore + 1)
  expect(opened.at(-1)?.signal.aborted).toBe(true)
})

test('a reader that takes nothing is cut off', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  const before = opened.length
  socket.write('GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => opened.length).toBe(before + 1)
  const stream = opened.at(-1)
  // More than the buffers of any machine take.
  const sending = stream?.send(`data: ${'x'.repeat(64 * 1024 * 1024)}\n\n`)
  await sending
  expect(stream?.signal.aborted).toBe(true)
  socket.destroy()
})

/** Everything that one connection answers to what is written on it. */
async function rawAnswer(requests: string, use: (stream: Stream) => Promise<void>) {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const before = opened.length
  socket.write(requests)
  await expect.poll(() => opened.length).toBe(before + 1)
  const stream = opened.at(-1)
  if (stream) await use(stream)
  stream?.end()
  await expect.poll(() => text).toMatch(/last\n\n(?:\r\n0\r\n\r\n)?$/)
  socket.destroy()
  return text.slice(text.lastIndexOf('\r\n\r\n', text.length - 8) + 4)
}

const texts = ['data: ünï ☂\n\n', `data: ${'x'.repeat(300)}\n\n`, 'data: last\n\n']
const chunks = texts.map(encodeChunk)

async function pushAll(stream: Stream) {
  expect(stream.push(chunks.slice(0, 1))).toBe(true)
  await stream.send(':\n\n')
  expect(stream.push(chunks.slice(1))).toBe(true)
}

test('what is pushed arrives as it was meant, in order with what is sent', async () => {
  const { stream, reading, text } = await open('/lively')
  await pushAll(stream)
  stream.end()
  await reading
  expect(text().replaceAll(':\n\n', '')).toBe(texts.join(''))
})

test('who speaks HTTP/1.0 gets what is pushed without the frames of chunks', async () => {
  const text = await rawAnswer('GET /stuck HTTP/1.0\r\n\r\n', pushAll)
  expect(text).toBe([texts[0], ':\n\n', ...texts.slice(1)].join(''))
})

test('what is pushed waits behind the answer to an earlier request', async () => {
  const requests = ['/slow', '/stuck'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  const text = await rawAnswer(requests.join(''), async (stream) => {
    await pushAll(stream)
    answerSlow()
  })
  expect(text.replaceAll(/[0-9a-f]+\r\n(.*?\n\n)\r\n/gs, '$1')).toBe(
    `${[texts[0], ':\n\n', ...texts.slice(1)].join('')}0\r\n\r\n`,
  )
})

test('a reader that was full takes the rest when it has taken what there was', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  const before = opened.length
  socket.write('GET /lively HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => opened.length).toBe(before + 1)
  const stream = opened.at(-1)
  const chunk = encodeChunk(`data: ${'x'.repeat(1 << 20)}\n\n`)
  let pushed = 1
  while (stream?.push([chunk])) pushed += 1
  const drained = stream?.drained()
  let bytes = 0
  socket.on('data', (data: Buffer) => {
    bytes += data.length
  })
  socket.resume()
  await drained
  expect(stream?.push([chunk])).toBeTypeOf('boolean')
  await expect.poll(() => bytes).toBeGreaterThan((pushed + 1) * chunk.length)
  socket.destroy()
  await expect.poll(() => stream?.push([chunk])).toBe(false)
})
