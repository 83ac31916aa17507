import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BlobStore } from '@pubky/server-kit'
import sharp from 'sharp'
import { refusals } from '../errors.ts'

/** Widths in pixels (spec/nexus.md 1.12). */
export const VARIANTS = { small: 320, feed: 720 } as const
export type Variant = keyof typeof VARIANTS

const MAX_PIXELS = 50_000_000
const TIMEOUT_SECONDS = 10
const MAX_RUNNING = 2
const MAX_WAITING = 64
const MAX_INPUT_BYTES = 32 * 1024 * 1024

/** WebP of images, made at first request and kept beside the blobs. */
export interface VariantStore {
  open(
    blobKey: string,
    size: number,
    variant: Variant,
  ): Promise<{ stream: Readable; size: number; modified: Date }>
  /** Deletes what was made of these blobs. */
  forget(blobKeys: readonly string[]): Promise<void>
}

/** The same blobs, whose variants are deleted with them. */
export function withVariants(blobs: BlobStore, variants: VariantStore): BlobStore {
  return {
    ...blobs,
    async delete(keys, o) {
      await blobs.delete(keys, o)
      await variants.forget(keys)
    },
  }
}

function createGate() {
  let running = 0
  const waiting: (() => void)[] = []
  return async function gated<T>(work: () => Promise<T>): Promise<T> {
    if (running >= MAX_RUNNING) {
      if (waiting.length >= MAX_WAITING) throw refusals.busy()
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    running += 1
    try {
      return await work()
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }
}

export function createVariantStore(o: { dir: string; blobs: BlobStore }): VariantStore {
  const { dir, blobs } = o
  // Decoding takes memory: what sharp would keep for a next image of the same kind is not worth it.
  sharp.cache(false)
  sharp.concurrency(1)
  const gated = createGate()
  const making = new Map<string, Promise<void>>()

  const fileOf = (blobKey: string, variant: string) =>
    join(dir, blobKey.slice(0, 2), `${blobKey}.${variant}.webp`)

  async function make(blobKey: string, variant: Variant, file: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true })
    const scratch = `${file}.${randomUUID()}`
    const shrink = sharp({
      limitInputPixels: MAX_PIXELS,
      failOn: 'error',
      animated: false,
      sequentialRead: true,
    })
      .rotate()
      .resize({ width: VARIANTS[variant] })
      .webp({ quality: 80 })
      .timeout({ seconds: TIMEOUT_SECONDS })
    try {
      const source = Readable.fromWeb(
        (await blobs.read(blobKey)) as Parameters<typeof Readable.fromWeb>[0],
      )
      const [info] = await Promise.all([shrink.toFile(scratch), pipeline(source, shrink)])
      if (info.size === 0) throw new Error('empty image')
      await rename(scratch, file)
    } catch (error) {
      await rm(scratch, { force: true })
      throw Object.assign(refusals.imageUnreadable(), { cause: error })
    }
  }

  return {
    async open(blobKey, size, variant) {
      if (size > MAX_INPUT_BYTES) throw refusals.imageUnreadable()
      const file = fileOf(blobKey, variant)
      let info = await stat(file).catch(() => null)
      if (!info) {
        const job =
          making.get(file) ??
          gated(() => make(blobKey, variant, file)).finally(() => making.delete(file))
        making.set(file, job)
        await job
        info = await stat(file)
      }
      return { stream: createReadStream(file), size: info.size, modified: info.mtime }
    },
    async forget(blobKeys) {
      for (const blobKey of blobKeys)
        for (const variant of Object.keys(VARIANTS)) {
          const file = fileOf(blobKey, variant)
          await making.get(file)?.catch(() => {})
          await rm(file, { force: true })
        }
    },
  }
}
