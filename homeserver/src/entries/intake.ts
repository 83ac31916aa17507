import type { IncomingMessage } from 'node:http'
import { blake3 } from '@pubky/protocol'
import type { BlobMeta, BlobStore, BlobWriter } from '@pubky/server-kit'
import { refusals } from '../errors.ts'
import { contentTypeOf } from './content-type.ts'

/** Bodies up to this size lie in the row (design 3.2). */
export const INLINE_BYTES = 16 * 1024
/** A body that sends nothing for so long is given up. */
const IDLE_MS = 30_000
/** Of one body that waits for its store. */
const HELD_BYTES = 256 * 1024
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
/** Told of a short body that is not here yet. */
export type OnLate = (request: IncomingMessage) => void

interface Chunks {
  /** What came next, or null at the end. */
  next(): Promise<Buffer | null>
  /** Lets the rest come and go: who is still sending reads the answer only then. */
  drop(): void
}

/** The chunks of a body as they come. It weighs less than the stream's own iterator. */
function chunksOf(request: IncomingMessage, wait?: Wait): Chunks {
  const queue: Buffer[] = []
  let held = 0
  let hasEnded = false
  let wake: (() => void) | null = null
  const onIdle = () => request.destroy(new Error('idle'))
  const settle = () => {
    hasEnded = true
    request.setTimeout(0)
    request.off('timeout', onIdle)
    wake?.()
  }
  request.setTimeout(IDLE_MS, onIdle)
  // Who sent it went away, which looks like the end of any other connection: `close` tells it.
  request.on('error', () => {})
  const onData = (chunk: Buffer) => {
    queue.push(chunk)
    held += chunk.length
    if (held >= HELD_BYTES) request.pause()
    wake?.()
  }
  request.on('data', onData)
  request.once('end', settle)
  request.once('close', settle)
  if (request.destroyed) settle()

  async function paced(bytes: number): Promise<void> {
    // It is we who let it wait.
    if (!hasEnded) request.setTimeout(0)
    await wait?.(bytes)
    if (!hasEnded) request.setTimeout(IDLE_MS)
  }

  return {
    async next() {
      while (queue.length === 0 && !hasEnded)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      wake = null
      const chunk = queue.shift()
      if (!chunk && !request.complete) throw refusals.streamBroken()
      if (!chunk) return null
      held -= chunk.length
      if (wait) await paced(chunk.length)
      if (queue.length === 0) request.resume()
      return chunk
    },
    drop() {
      request.off('data', onData)
      queue.length = 0
      request.resume()
    },
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] ?? NOTHING) : Buffer.concat(parts)
}

/** A body that is short, read at once; most are whole when their head is looked at. */
async function readShort(
  request: IncomingMessage,
  length: number,
  onLate?: OnLate,
): Promise<Buffer> {
  // All of it may be here before the parser has told its end.
  const isHere = request.readableLength === length
  if (!isHere) onLate?.(request)
  const body = isHere ? takeBuffered(request, length) : await arrival(request)
  if (body.length !== length) throw refusals.streamBroken()
  return body
}

function takeBuffered(request: IncomingMessage, length: number): Buffer {
  const body: Buffer = request.read(length) ?? NOTHING
  if (!request.complete) request.resume()
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

/** What comes before more than `inlineBytes` have come, and whether that is all. */
async function readSmall(
  chunks: Chunks,
  inlineBytes: number,
): Promise<{ head: Buffer; isWhole: boolean }> {
  const parts: Buffer[] = []
  let size = 0
  for (let chunk = await chunks.next(); chunk; chunk = await chunks.next()) {
    parts.push(chunk)
    size += chunk.length
    if (size > inlineBytes) return { head: joined(parts), isWhole: false }
  }
  return { head: joined(parts), isWhole: true }
}

async function spill(
  writer: BlobWriter,
  head: Buffer,
  chunks: Chunks,
  maxBytes: number,
): Promise<BlobMeta> {
  let size = head.length
  await writer.write(head)
  for (let chunk = await chunks.next(); chunk; chunk = await chunks.next()) {
    size += chunk.length
    if (size > maxBytes) throw refusals.bodyTooLarge()
    await writer.write(chunk)
  }
  return writer.finish()
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
  o: {
    path: string
    blobs: BlobStore
    maxBytes: number
    inlineBytes?: number
    wait?: Wait
    onLate?: OnLate | undefined
  },
): Promise<Taken> {
  const { path, blobs, maxBytes, inlineBytes = INLINE_BYTES, wait } = o
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (length > maxBytes) throw refusals.bodyTooLarge()
  if (length <= inlineBytes) {
    const body = await readShort(request, length, o.onLate)
    await wait?.(length)
    return inlined(path, body)
  }
  return taking(chunksOf(request, wait), async (chunks) => {
    const { head, isWhole } = await readSmall(chunks, Math.min(inlineBytes, maxBytes))
    if (isWhole) return inlined(path, head)
    if (head.length > maxBytes) throw refusals.bodyTooLarge()
    const contentType = contentTypeOf(path, head)
    const writer = await blobs.begin(null)
    try {
      const { key, size, blake3: hash } = await spill(writer, head, chunks, maxBytes)
      return { hash, size, contentType, inline: null, blobKey: key }
    } catch (error) {
      await writer.abort()
      throw error
    }
  })
}

/** Drops the rest of a body that is refused. */
async function taking<T>(chunks: Chunks, take: (chunks: Chunks) => Promise<T>): Promise<T> {
  try {
    return await take(chunks)
  } catch (error) {
    chunks.drop()
    throw error
  }
}

/** Reads a small body whole: tokens and JSON. */
export async function readWhole(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw refusals.bodyTooLarge()
  return taking(chunksOf(request), async (chunks) => {
    const parts: Buffer[] = []
    let size = 0
    for (let chunk = await chunks.next(); chunk; chunk = await chunks.next()) {
      size += chunk.length
      if (size > maxBytes) throw refusals.bodyTooLarge()
      parts.push(chunk)
    }
    return Buffer.concat(parts)
  })
}
