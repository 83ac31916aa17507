import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { blake3 } from '@pubky/protocol'
import { type BlobStore, type BlobWriter, ServiceError } from '@pubky/server-kit'
import { refusals } from '../errors.ts'
import { contentTypeOf } from './content-type.ts'

/** Bodies up to this size lie in the row (design 3.2). */
const INLINE_BYTES = 16 * 1024
/** A body that sends nothing for so long is given up. */
const IDLE_MS = 30_000
const NOTHING = Buffer.alloc(0)

/** A body that was taken in: where it lies and what it is. */
export interface Taken {
  hash: Uint8Array
  size: number
  contentType: string
  inline: Buffer | null
  blobKey: string | null
}

type Wait = (bytes: number) => Promise<void>

async function* chunksOf(request: IncomingMessage, wait?: Wait): AsyncGenerator<Buffer> {
  const onIdle = () => request.destroy(new Error('idle'))
  request.setTimeout(IDLE_MS, onIdle)
  try {
    for await (const chunk of request) {
      if (wait) {
        // It is we who let it wait.
        request.setTimeout(0)
        await wait(chunk.length)
        request.setTimeout(IDLE_MS)
      }
      yield chunk
    }
    if (!request.complete) throw refusals.streamBroken()
  } catch (error) {
    // Who sent it went away, which looks like the end of any other connection.
    throw error instanceof ServiceError ? error : refusals.streamBroken()
  } finally {
    request.setTimeout(0)
    request.off('timeout', onIdle)
  }
}

/** A body that is short, read at once; most are whole when their head is looked at. */
async function readShort(request: IncomingMessage, length: number): Promise<Buffer> {
  const body = request.complete ? (request.read() ?? NOTHING) : await arrival(request)
  if (body.length !== length) throw refusals.streamBroken()
  return body
}

function arrival(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) throw refusals.streamBroken()
    const parts: Buffer[] = []
    const settle = () => {
      request.off('end', settle)
      request.off('close', settle)
      request.setTimeout(0)
      if (request.complete) resolve(Buffer.concat(parts))
      else reject(refusals.streamBroken())
    }
    request.setTimeout(IDLE_MS, () => request.destroy())
    request.on('data', (chunk: Buffer) => parts.push(chunk))
    request.once('end', settle)
    request.once('close', settle)
  })
}

async function readSmall(
  chunks: AsyncGenerator<Buffer>,
  inlineBytes: number,
): Promise<{ head: Buffer; more: Buffer | null }> {
  const parts: Buffer[] = []
  let size = 0
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    parts.push(next.value)
    size += next.value.length
    if (size > inlineBytes) return { head: Buffer.concat(parts), more: Buffer.alloc(0) }
  }
  return {
    head: parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts),
    more: null,
  }
}

async function spill(
  writer: BlobWriter,
  head: Buffer,
  chunks: AsyncGenerator<Buffer>,
  maxBytes: number,
): Promise<{ size: number; hash: Uint8Array }> {
  let size = head.length
  await writer.write(head)
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    size += next.value.length
    if (size > maxBytes) throw refusals.bodyTooLarge()
    await writer.write(next.value)
  }
  const meta = await writer.finish()
  return { size, hash: meta.blake3 }
}

async function inlined(path: string, body: Buffer): Promise<Taken> {
  const [hash, contentType] = [await blake3(body), contentTypeOf(path, body)]
  return { hash, size: body.length, contentType, inline: body, blobKey: null }
}

/**
 * Streams a body in, hashing it on the way. A small one stays in memory, a larger one goes to a blob
 * under a name that was never used, durable when this resolves. At no time is it held whole.
 */
export async function takeBody(
  request: IncomingMessage,
  o: { path: string; blobs: BlobStore; maxBytes: number; inlineBytes?: number; wait?: Wait },
): Promise<Taken> {
  const { path, blobs, maxBytes, inlineBytes = INLINE_BYTES, wait } = o
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (length > maxBytes) throw refusals.bodyTooLarge()
  if (length <= inlineBytes) {
    const body = await readShort(request, length)
    await wait?.(length)
    return inlined(path, body)
  }
  const chunks = chunksOf(request, wait)
  const { head, more } = await readSmall(chunks, Math.min(inlineBytes, maxBytes))
  if (more === null) return inlined(path, head)
  if (head.length > maxBytes) throw refusals.bodyTooLarge()
  const contentType = contentTypeOf(path, head)
  const blobKey = randomUUID()
  const writer = await blobs.begin(blobKey)
  try {
    const { size, hash } = await spill(writer, head, chunks, maxBytes)
    return { hash, size, contentType, inline: null, blobKey }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Reads a small body whole: tokens and JSON. */
export async function readWhole(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw refusals.bodyTooLarge()
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunksOf(request)) {
    size += chunk.length
    if (size > maxBytes) throw refusals.bodyTooLarge()
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}
