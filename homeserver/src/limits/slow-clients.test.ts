import { connect } from 'node:net'
import { createHttpServer, createLogger, listen } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cutSlowClients, isSlowedByUs } from './slow-clients.ts'

const app = createHttpServer({ name: 'test', log: createLogger('test') })
let port = 0
let nowMs = 0
const { watched, look } = cutSlowClients(app, { nowMs: () => nowMs })
/** How many bytes of each body have arrived, by path. */
const arrived = new Map<string, number>()
/** What the handler of `/thinks` waits for, once it has its body. */
let finish: (() => void) | null = null

beforeAll(async () => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  app.put('/:how', async (request) => {
    if (request.url === '/ours') isSlowedByUs(request.raw)
    let size = 0
    arrived.set(request.url, 0)
    for await (const chunk of request.raw) {
      size += (chunk as Buffer).length
      arrived.set(request.url, size)
    }
    if (request.url === '/thinks')
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    return { size }
  })
  port = (await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })).port
})

afterAll(() => app.close())

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

test('nothing is kept of who went away before the answer', async () => {
  for (const sent of ['xxxxx', 'x']) {
    finish = null
    arrived.clear()
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('PUT /thinks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n')
    await expect.poll(watched).toBe(1)
    socket.write(sent)
    await expect.poll(() => arrived.get('/thinks')).toBe(sent.length)
    if (sent.length === 5) await expect.poll(() => finish).not.toBeNull()
    socket.destroy()
    await expect.poll(watched).toBe(0)
    finish?.()
  }
})
