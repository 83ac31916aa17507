import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'

/** Resolves when so many more bytes may pass. */
export type Pace = (bytes: number, signal?: AbortSignal) => Promise<void>

export interface Bandwidth {
  bytesPerSecond: number
  /** Bytes that may pass at once; a second's worth when null. */
  burst: number | null
}

interface Bucket {
  bandwidth: Bandwidth
  level: number
  atMs: number
}

const MAX_BUCKETS = 20_000
const KIBIBYTE = 1024

/**
 * Bytes per second by key. Everybody with the same key draws from one bucket; who finds it empty waits
 * in the order of asking. Bytes are counted in KiB, rounded up (spec/homeserver.md 5.6).
 */
export function createPacer(
  onPass: (key: string, bandwidth: Bandwidth, bytes: number) => void = () => {},
  nowMs: () => number = () => performance.now(),
) {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS })

  function take(key: string, bandwidth: Bandwidth, bytes: number): number {
    const { bytesPerSecond } = bandwidth
    const capacity = bandwidth.burst ?? Math.max(bytesPerSecond, KIBIBYTE)
    const now = nowMs()
    const known = buckets.get(key)
    const isSame =
      known?.bandwidth.bytesPerSecond === bytesPerSecond &&
      known.bandwidth.burst === bandwidth.burst
    const bucket = known && isSame ? known : { bandwidth, level: capacity, atMs: now }
    buckets.set(key, bucket)
    const refill = ((now - bucket.atMs) / 1000) * bytesPerSecond
    bucket.atMs = now
    bucket.level = Math.min(capacity, bucket.level + refill)
    bucket.level -= Math.ceil(bytes / KIBIBYTE) * KIBIBYTE
    return bucket.level >= 0 ? 0 : (-bucket.level / bytesPerSecond) * 1000
  }

  return {
    paceOf(key: string, bandwidth: Bandwidth): Pace {
      return async (bytes, signal) => {
        const waitMs = take(key, bandwidth, bytes)
        onPass(key, bandwidth, bytes)
        if (waitMs > 0) await sleep(waitMs, undefined, signal ? { signal } : {})
      }
    },
    /** Counts what passes in other processes. */
    spend(key: string, bandwidth: Bandwidth, bytes: number): void {
      take(key, bandwidth, bytes)
    },
  }
}

/** A body in slices that take about a second each at most, at the pace given. */
export async function* paced(
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  o: { pace: Pace; bytesPerSecond: number; signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const slice = Math.max(KIBIBYTE, Math.floor(o.bytesPerSecond))
  for await (const chunk of body)
    for (let at = 0; at < chunk.length; at += slice) {
      const part = chunk.subarray(at, at + slice)
      await o.pace(part.length, o.signal)
      yield part
    }
}
