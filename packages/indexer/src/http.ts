import { IndexerError } from './errors.ts'

export interface Ask {
  signal?: AbortSignal | undefined
  headers?: Record<string, string>
  method?: 'GET' | 'HEAD'
  /** Until the head of the answer, in ms. */
  timeoutMs: number
}

/** Sends a request; rejects with `unreachable`, or with the reason of `signal`. */
export async function ask(fetcher: typeof fetch, url: string, o: Ask): Promise<Response> {
  o.signal?.throwIfAborted()
  const control = new AbortController()
  const forward = () => control.abort(o.signal?.reason)
  o.signal?.addEventListener('abort', forward, { once: true })
  const timer = setTimeout(() => control.abort(new Error('no answer in time')), o.timeoutMs)
  try {
    return await fetcher(url, {
      method: o.method ?? 'GET',
      headers: o.headers ?? {},
      credentials: 'omit',
      signal: control.signal,
    })
  } catch (cause) {
    o.signal?.throwIfAborted()
    throw new IndexerError('unreachable', { cause, detail: new URL(url).host })
  } finally {
    clearTimeout(timer)
    o.signal?.removeEventListener('abort', forward)
  }
}

/** Turns an answer that is no success into an error: `rate_limited` or `host_failed`. */
export async function expectOk(response: Response): Promise<Response> {
  if (response.ok) return response
  letGo(response)
  const retryAfterMs = retryAfter(response)
  throw new IndexerError(response.status === 429 ? 'rate_limited' : 'host_failed', {
    detail: String(response.status),
    retryAfterMs,
  })
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get('retry-after'))
  return seconds > 0 ? Math.min(seconds, 3_600) * 1_000 : 0
}

/** Gives up on a body. */
export function letGo(response: Response): void {
  void response.body?.cancel().catch(() => {})
}

export type Chunks = { outcome: 'done' | 'too_large' | 'too_slow' | 'broken' }

/**
 * Reads a body chunk by chunk within a size and a time. The outcome tells how it ended; it rejects
 * only with the reason of `signal` or with what `take` throws.
 */
export async function readChunks(
  response: Response,
  limit: { bytes: number; ms: number; signal?: AbortSignal | undefined },
  take: (chunk: Uint8Array) => void | Promise<void>,
): Promise<Chunks> {
  if (Number(response.headers.get('content-length')) > limit.bytes) {
    letGo(response)
    return { outcome: 'too_large' }
  }
  const reader = response.body?.getReader()
  if (!reader) return { outcome: 'done' }
  let size = 0
  let late = false
  const cancel = () => void reader.cancel().catch(() => {})
  const timer = setTimeout(() => {
    late = true
    cancel()
  }, limit.ms)
  limit.signal?.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      const next = await reader.read().catch(() => null)
      limit.signal?.throwIfAborted()
      if (late) return { outcome: 'too_slow' }
      if (!next) return { outcome: 'broken' }
      if (next.done) return { outcome: 'done' }
      size += next.value.length
      if (size > limit.bytes) return { outcome: 'too_large' }
      await take(next.value)
    }
  } finally {
    clearTimeout(timer)
    limit.signal?.removeEventListener('abort', cancel)
    cancel()
  }
}

/** Collects a body in memory. */
export async function readAll(
  response: Response,
  limit: { bytes: number; ms: number; signal?: AbortSignal | undefined },
): Promise<Chunks & { bytes: Uint8Array }> {
  const chunks: Uint8Array[] = []
  const { outcome } = await readChunks(response, limit, (chunk) => void chunks.push(chunk))
  return { outcome, bytes: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) }
}
