import { setTimeout as sleep } from 'node:timers/promises'
import { type Micros, type ResourceRecord, type Signer, toMicros } from '@pubky/protocol'
import type { PkarrClient } from '@pubky/sdk/pkarr/client'
import { type Published, publishZone } from './publish-zone.ts'
import { republishAfterMs } from './schedule.ts'

const FIRST_RETRY_MS = 5000
const LAST_RETRY_MS = 600_000

export interface KeepAliveOptions {
  pkarr: PkarrClient
  signer: Signer
  /** The records as they should be now; read anew each time, so that a changed address is noticed. */
  records: () => Promise<readonly ResourceRecord[]>
  /** How often `records` and what is published are read, in ms; a change is published at once. */
  checkEveryMs: number
  now: () => Micros
  signal: AbortSignal
  /** Told of each publication, with the time until the next. */
  onPublished?: (published: Published, nextMs: number) => void
  onFailed?: (error: unknown, retryMs: number) => void
  /** Waits; replaced in tests. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Keeps records published until `signal` is aborted: again when nodes may have forgotten them, at
 * once when they change or somebody else with the same key has replaced them, ever less eagerly while
 * it fails.
 */
export async function keepAlive(o: KeepAliveOptions): Promise<void> {
  const wait = o.wait ?? ((ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}))
  const nowMs = () => Number(o.now() / 1000n)
  let retryMs = FIRST_RETRY_MS
  let last = { text: '', timestamp: toMicros(0n) }
  let dueMs = 0
  while (!o.signal.aborted) {
    try {
      const records = await o.records()
      const text = fingerprint(records)
      if (text !== last.text || nowMs() >= dueMs || (await isReplaced(o, last.timestamp))) {
        const published = await publishZone(o.pkarr, o.signer, records, {
          now: o.now,
          signal: o.signal,
        })
        last = { text, timestamp: published.packet.timestamp }
        const nextMs = republishAfterMs(published.stored)
        dueMs = nowMs() + nextMs
        o.onPublished?.(published, nextMs)
      }
      retryMs = FIRST_RETRY_MS
      await wait(Math.max(0, Math.min(o.checkEveryMs, dueMs - nowMs())), o.signal)
    } catch (error) {
      if (o.signal.aborted) return
      o.onFailed?.(error, retryMs)
      await wait(retryMs, o.signal)
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
    }
  }
}

/** A homeserver behind a changing address publishes the old one again and again. */
async function isReplaced(
  { pkarr, signer, signal }: KeepAliveOptions,
  timestamp: Micros,
): Promise<boolean> {
  const newest = await pkarr.resolve(signer.publicKey, { policy: 'network-only', signal })
  return newest !== null && newest.timestamp > timestamp
}

function fingerprint(records: readonly ResourceRecord[]): string {
  return JSON.stringify(records, (_, value: unknown) => {
    if (value instanceof Map) return [...value]
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
  })
}
