import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHttpServer, createLogger, listen } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cutSlowClients, isSlowedByUs } from './slow-clients.ts'

const app = createHttpServer({ name: 'test', log: createLogger('test') })
let port = 0
let watched = () => 0

beforeAll(async () => {
  watched = cutSlowClients(app, { graceMs: 500, everyMs: 100, minBytesPerSecond: 200 }).watched
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  app.put('/:how', async (request) => {
    if (request.url === '/ours') isSlowedByUs(request.raw)
    let size = 0
    for await (const chunk of request.raw) size += (chunk as Buffer).length
    if (request.url === '/thinks') await sleep(200)
    return { size }
  })
  port = (await listen(app, { name: 'test', host: '127.0.0.1', port: 0 })).port
})

afterAll(() => app.close())

/** Sends so many bytes in so many pieces, a tenth of a second apart; resolves with what came back. */
async function send(path: string, pieces: number, bytes: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    text += chunk
    if (text.includes('}')) socket.end()
  })
  socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${pieces * bytes}\r\n\r\n`)
  for (let i = 0; i < pieces && !socket.destroyed; i += 1) {
    await sleep(100)
    if (!socket.destroyed) socket.write('x'.repeat(bytes))
  }
  await closed
  return text
}

test('who sends a body drop by drop is cut off, who sends steadily is not', async () => {
  const [drip, steady, ours] = await Promise.all([
    send('/drip', 30, 1),
    send('/steady', 20, 100),
    send('/ours', 20, 1),
  ])
  expect(drip).not.toContain('200 OK')
  expect(steady).toContain('{"size":2000}')
  expect(ours).toContain('{"size":20}')
})

test('nothing is kept of who went away before the answer', async () => {
  for (const sent of ['xxxxx', 'x']) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('PUT /thinks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n')
    await vi.waitFor(() => expect(watched()).toBe(1))
    socket.write(sent)
    await sleep(50)
    socket.destroy()
    await sleep(300)
    expect(watched()).toBe(0)
  }
})
