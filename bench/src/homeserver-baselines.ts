import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createBlake3 } from '@pubky/protocol'
import pg from 'pg'
import type { Load, LoadResult } from './homeserver-load.ts'
import { nextSerial } from './homeserver-requests.ts'
import { load } from './load.ts'

const SECONDS = 2
const BODY_BYTES = 1024

/** The same rows by one plain writer: transactions of 16, nothing checked, nobody told. */
export async function plainWrites(url: string): Promise<number> {
  const client = new pg.Client(url)
  await client.connect()
  const insert = (text: string, name: string, values: unknown[]) =>
    client.query({ name, text, values })
  let rows = 0
  const started = performance.now()
  while (performance.now() - started < SECONDS * 1000) {
    const paths = Array.from({ length: 16 }, () => `/pub/plain/posts/${nextSerial()}`)
    const hashes = paths.map(() => randomBytes(32))
    const proofs = paths.map(() => randomBytes(600))
    await client.query('begin')
    await insert(
      `insert into entries (user_id, path, hash, size, content_type, inline)
       select 1, p, h, 1024, 'application/json', b from unnest($1::text[], $2::bytea[], $3::bytea[]) t(p, h, b)`,
      'plain_entries',
      [paths, hashes, paths.map(() => randomBytes(BODY_BYTES))],
    )
    await insert(
      'insert into events (user_id, kind, path, hash, proof) select 1, 0, p, h, b from unnest($1::text[], $2::bytea[], $3::bytea[]) t(p, h, b)',
      'plain_events',
      [paths, hashes, proofs],
    )
    await client.query('commit')
    rows += 16
  }
  await client.end()
  return Math.round((rows / (performance.now() - started)) * 1000)
}

/** Load on a server that is nothing but this listener. */
async function loadBare(listener: RequestListener, o: Omit<Load, 'port'>): Promise<LoadResult> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const result = await load({
    ...o,
    port: typeof address === 'object' && address ? address.port : 0,
  })
  server.close()
  return result
}

const GET = Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')

/** What Node itself does when it only answers with so many bytes. */
export function bareGets(): Promise<LoadResult> {
  const body = randomBytes(BODY_BYTES)
  return loadBare(
    (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    },
    { connections: 32, requests: [GET], cycle: true, seconds: SECONDS, expect: 200 },
  )
}

/** Bodies that are hashed as they come, and stored nowhere. */
export function bareUploads(body: Uint8Array, count: number): Promise<LoadResult> {
  const head = `PUT / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`
  return loadBare(
    async (request, response) => {
      const hasher = await createBlake3()
      for await (const chunk of request) hasher.update(chunk)
      response.writeHead(201, { etag: Buffer.from(hasher.digest()).toString('base64') })
      response.end()
    },
    {
      connections: 1,
      requests: Array.from({ length: count }, () => Buffer.from(head)),
      body,
      cycle: false,
      seconds: 60,
      expect: 201,
    },
  )
}

/** A file that is sent as it is read. */
export function bareDownloads(file: string, bytes: number, count: number): Promise<LoadResult> {
  return loadBare(
    (_, response) => {
      response.writeHead(200, { 'content-length': bytes })
      createReadStream(file, { highWaterMark: 256 * 1024 }).pipe(response)
    },
    {
      connections: 1,
      requests: Array.from({ length: count }, () => GET),
      cycle: false,
      seconds: 60,
      expect: 200,
    },
  )
}
