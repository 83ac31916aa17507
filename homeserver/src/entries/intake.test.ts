import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { blake3 } from '@pubky/protocol'
import { type BlobStore, createFileBlobStore } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readWhole, type Taken, takeBody } from './intake.ts'

let dir: string
let blobs: BlobStore
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-intake-'))
  blobs = createFileBlobStore({ dir })
})
afterAll(async () => {
  await blobs[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

/** Sends parts of one request after one another; false ends the connection. */
async function readFrom<T>(
  take: (request: IncomingMessage) => Promise<T>,
  ...parts: readonly (string | Uint8Array | false)[]
): Promise<T> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const result = new Promise<T>((resolve, reject) => {
    server.once('request', (request, response) => {
      // The routes ask for sessions first.
      setImmediate(() => take(request).then(resolve, reject))
      response.on('error', () => {})
    })
  })
  result.catch(() => {})
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  for (const part of parts) {
    if (part === false) socket.destroy()
    else socket.write(part)
    await sleep(15)
  }
  try {
    return await result
  } finally {
    socket.destroy()
    server.close()
  }
}

function takenOf(...parts: readonly (string | Uint8Array | false)[]): Promise<Taken> {
  const o = { path: '/pub/a.txt', blobs, maxBytes: 1_000_000 }
  return readFrom((request) => takeBody(request, o), ...parts)
}

const head = (length: number) =>
  `PUT / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\n`

it('takes a short body that comes with its head', async () => {
  const taken = await takenOf(`${head(5)}hello`)
  expect(taken).toEqual({
    hash: await blake3(Buffer.from('hello')),
    size: 5,
    contentType: 'text/plain',
    inline: Buffer.from('hello'),
    blobKey: null,
  })
})

it('takes a short body that comes in pieces, and an empty one', async () => {
  const pieces = await takenOf(head(6), 'he', 'll', 'o!')
  expect(pieces.inline?.toString()).toBe('hello!')
  expect((await takenOf(`${head(4)}ab`, 'cd')).inline?.toString()).toBe('abcd')
  expect((await takenOf(head(0))).size).toBe(0)
})

it('takes a body of unknown length', async () => {
  const chunked = 'PUT / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n'
  const taken = await takenOf(`${chunked}3\r\nabc\r\n`, '2\r\nde\r\n0\r\n\r\n')
  expect(taken.inline?.toString()).toBe('abcde')
})

it('puts a longer one into a blob', async () => {
  const body = Buffer.alloc(100_000, 'x')
  const taken = await takenOf(head(body.length), body)
  expect(taken).toMatchObject({ size: 100_000, inline: null, hash: await blake3(body) })
  expect((await blobs.stat(taken.blobKey ?? ''))?.size).toBe(100_000)
})

it.each([
  ['short', 10, 'hello'],
  ['long', 50_000, 'x'.repeat(20_000)],
])('refuses a %s body that breaks off', async (_, length, sent) => {
  await expect(takenOf(head(length), sent, false)).rejects.toMatchObject({ status: 400 })
})

it('refuses a token that breaks off, as what it is and not as a failure of ours', async () => {
  const token = readFrom((request) => readWhole(request, 1000), head(500), 'x', false)
  await expect(token).rejects.toMatchObject({ status: 400, code: 'stream_broken' })
})

it('blames nobody but the store when the store fails', async () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const failing: BlobStore = { ...blobs, begin: () => Promise.reject(away) }
  const o = { path: '/pub/a.txt', blobs: failing, maxBytes: 1_000_000 }
  const taking = readFrom((request) => takeBody(request, o), head(20_000), Buffer.alloc(20_000))
  await expect(taking).rejects.toBe(away)
})

it('refuses at once what says that it is too long', async () => {
  await expect(takenOf(head(1_000_001))).rejects.toMatchObject({ status: 413 })
})
