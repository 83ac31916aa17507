import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createBlake3 } from '@pubky/protocol/hash'
import { S3mini, S3NetworkError, S3ServiceError } from 's3mini'
import { BlobMissingError, BlobStoreAwayError } from '../errors.ts'
import type { BlobStore, BlobWriter } from './blob-store.ts'
import { checkBlobKey, isBlobKey, newBlobKey } from './pieces.ts'

const HASH_HEADER = 'x-amz-meta-blake3'
const ANSWER_MS = 30_000
const STALE_SPOOL_MS = 24 * 3_600_000

export interface S3BlobOptions {
  /** With the bucket: `https://s3.example.com/bucket`. */
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** Uploads lie here until they are whole, so that memory does not grow with them. */
  spoolDir: string
  fetch?: typeof fetch
}

/**
 * The client hands streams on as they are; `fetch` asks for a hint that it does not give. Nor does it give
 * up: only an upload may take long to be answered.
 */
function patched(inner: typeof fetch): typeof fetch {
  return async (input, init) => {
    if (init?.body instanceof ReadableStream)
      return inner(input, { ...init, duplex: 'half' } as never)
    const control = new AbortController()
    const timer = setTimeout(() => control.abort(), ANSWER_MS)
    try {
      return await inner(input, { ...init, signal: control.signal })
    } finally {
      clearTimeout(timer)
    }
  }
}

/** As when the store closed a connection that was kept open at the moment it was used again. */
function isCutOff(error: unknown): boolean {
  return error instanceof S3NetworkError || error instanceof TypeError
}

/** Nothing answered, or it said that it cannot at the moment. */
function isAway(error: unknown): boolean {
  if (error instanceof S3ServiceError) return error.status >= 500 || error.status === 429
  return isCutOff(error) || (error instanceof DOMException && error.name === 'AbortError')
}

/** Every request may be made twice: it comes to the same. */
async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work().catch((error: unknown) => {
      if (isCutOff(error)) return work()
      throw error
    })
  } catch (error) {
    throw isAway(error) ? new BlobStoreAwayError(error) : error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceError && error.status === 404
}

/** Blobs as objects of a bucket. The store shows an object only when its one PUT succeeded. */
export function createS3BlobStore(o: S3BlobOptions): BlobStore {
  const { endpoint, region, accessKeyId, secretAccessKey, spoolDir } = o
  const bucket = new S3mini({
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    fetch: patched(o.fetch ?? fetch),
  })
  let swept: Promise<void> | undefined

  async function sweepSpool(): Promise<void> {
    await mkdir(spoolDir, { recursive: true, mode: 0o700 })
    for (const name of await readdir(spoolDir)) {
      const path = join(spoolDir, name)
      const info = await stat(path).catch(() => null)
      if (info && info.mtimeMs < Date.now() - STALE_SPOOL_MS) await rm(path, { force: true })
    }
  }

  /** The answer to a GET whose body nobody has read yet. */
  async function get(key: string): Promise<Response | null> {
    return isBlobKey(key) ? reach(() => bucket.getObjectResponse(key)) : null
  }

  return {
    async begin(asked) {
      const key = newBlobKey(asked)
      swept ??= sweepSpool()
      await swept
      const spool = join(spoolDir, randomUUID())
      return spoolWriter({ key, spool, file: await open(spool, 'wx', 0o600), bucket })
    },
    async read(key, { start = 0, end } = {}) {
      checkBlobKey(key)
      if (end !== undefined && end <= start) return Readable.toWeb(Readable.from([])) as never
      try {
        const isWhole = start === 0 && end === undefined
        const answer = await reach(() => bucket.getObjectRaw(key, isWhole, start, end))
        return answer.body ?? (Readable.toWeb(Readable.from([])) as never)
      } catch (error) {
        if (isMissing(error)) throw new BlobMissingError(key)
        throw error
      }
    },
    async stat(key) {
      const answer = await get(key)
      if (!answer) return null
      const noted = answer.headers.get(HASH_HEADER)
      const length = answer.headers.get('content-length')
      if (noted !== null && length !== null) {
        await answer.body?.cancel()
        return { key, size: Number(length), blake3: new Uint8Array(Buffer.from(noted, 'hex')) }
      }
      return { key, ...(await hashed(answer)) }
    },
    async delete(keys) {
      const known = keys.filter(isBlobKey)
      if (known.length > 0) await reach(() => bucket.deleteObjects(known))
    },
    async *list({ after, limit, signal }) {
      const from = after ? { 'start-after': after } : {}
      const page = (await reach(() => bucket.listObjects('/', '', limit, from))) ?? []
      for (const { Key, Size, LastModified } of page) {
        signal?.throwIfAborted()
        yield { key: Key, size: Number(Size), createdMs: new Date(LastModified).getTime() }
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** For objects that another program put there. */
async function hashed(answer: Response): Promise<{ size: number; blake3: Uint8Array }> {
  const hasher = await createBlake3()
  let size = 0
  for await (const chunk of answer.body ?? []) {
    hasher.update(chunk)
    size += chunk.length
  }
  return { size, blake3: hasher.digest() }
}

async function spoolWriter(o: {
  key: string
  spool: string
  file: FileHandle
  bucket: S3mini
}): Promise<BlobWriter> {
  const { key, spool, file, bucket } = o
  const hasher = await createBlake3()
  let size = 0
  let isOpen = true
  let isSent = false

  async function close(): Promise<void> {
    if (isOpen) await file.close()
    isOpen = false
  }

  return {
    async write(chunk) {
      hasher.update(chunk)
      size += chunk.length
      await file.writeFile(chunk)
    },
    async finish() {
      const blake3 = hasher.digest()
      const body = () =>
        size === 0 ? '' : (Readable.toWeb(createReadStream(spool)) as ReadableStream<Uint8Array>)
      const headers = { [HASH_HEADER]: Buffer.from(blake3).toString('hex') }
      await close()
      isSent = true
      try {
        await reach(() =>
          bucket.putObject(key, body(), undefined, undefined, headers as never, size),
        )
      } finally {
        await rm(spool, { force: true })
      }
      return { key, size, blake3 }
    },
    async abort() {
      await close()
      await rm(spool, { force: true })
      // After a failed `finish` nobody knows whether the object is there.
      if (isSent) await bucket.deleteObject(key).catch(() => false)
    },
  }
}
