import { encodePath, type PublicKeyZ32, type StoragePath } from '@pubky/protocol'
import type { Directory } from './directory.ts'
import { IndexerError } from './errors.ts'
import { type FeedItem, parseFrame, parsePage } from './feed-event.ts'
import { ask, expectOk, letGo, readAll } from './http.ts'
import { createSseParser } from './sse.ts'

const ANSWER_MS = 10_000
const PAGE_MS = 20_000
const INFO_MAX_BYTES = 16 * 1024
/** A line has at most about 1,040 bytes. */
const PAGE_LINE_BYTES = 1_100
/** A comment comes each 15 s (design 3.3); three may be missed. */
const SILENCE_MS = 45_000
/** Bodies up to this size are asked for with their events; a line of one is longer than others. */
const INLINE_BYTES = 16 * 1024
const INLINE_LINE_CHARS = 'data: content: '.length + Math.ceil(INLINE_BYTES / 3) * 4 + 1

type Opt = { signal?: AbortSignal | undefined }

/** A host as it answers now: its address and what it can do. */
export interface RemoteHost {
  readonly key: PublicKeyZ32
  readonly features: ReadonlySet<string>
  /** Events after `after`, at most `limit`; null when there are none. */
  page(after: bigint, limit: number, o?: Opt): Promise<FeedItem[] | null>
  /** Events after `after`, and new ones as they come, in groups as they arrive; with small bodies. */
  live(after: bigint, o?: Opt): AsyncGenerator<FeedItem[]>
  /** The answer for an object, its body unread, whatever its status. */
  object(
    owner: PublicKeyZ32,
    path: StoragePath,
    o?: Opt & { method?: 'GET' | 'HEAD'; headers?: Record<string, string> },
  ): Promise<Response>
}

/** Finds a host and reads its `/info`. Rejects with `no_endpoint`, `unreachable`, `host_failed`. */
export async function connectHost(
  deps: { directory: Pick<Directory, 'originOf'>; fetch: typeof fetch },
  key: PublicKeyZ32,
  o: Opt = {},
): Promise<RemoteHost> {
  const origin = await deps.directory.originOf(key, o.signal ? { signal: o.signal } : {})
  const send = (tenant: PublicKeyZ32, path: string, more: Parameters<typeof ask>[2]) =>
    ask(deps.fetch, origin + path, { ...more, headers: { ...more.headers, 'pubky-host': tenant } })
  const features = await readFeatures(await send(key, '/info', { ...o, timeoutMs: ANSWER_MS }))

  async function page(after: bigint, limit: number, { signal }: Opt = {}) {
    const response = await expectOk(
      await send(key, `/events/?cursor=${after}&limit=${limit}`, { signal, timeoutMs: ANSWER_MS }),
    )
    const max = PAGE_LINE_BYTES * (limit + 1)
    const { outcome, bytes } = await readAll(response, { bytes: max, ms: PAGE_MS, signal })
    if (outcome === 'too_large')
      throw new IndexerError('bad_answer', { detail: 'a page too large' })
    if (outcome !== 'done') throw new IndexerError('unreachable', { detail: `page ${outcome}` })
    return parsePage(new TextDecoder().decode(bytes), after, limit)
  }

  async function* live(after: bigint, { signal }: Opt = {}): AsyncGenerator<FeedItem[]> {
    const isInline = features.has('events-inline')
    const response = await expectOk(
      await send(key, `/events/?cursor=${after}`, {
        signal,
        timeoutMs: ANSWER_MS,
        headers: {
          accept: 'text/event-stream',
          ...(isInline && { 'pubky-inline': String(INLINE_BYTES) }),
        },
      }),
    )
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
    if (!response.body || !isStream) {
      letGo(response)
      throw new IndexerError('bad_answer', { detail: 'not an event stream' })
    }
    const parser = isInline ? createSseParser(INLINE_LINE_CHARS) : createSseParser()
    yield* readFrames(response.body, parser, signal)
  }

  function object(
    owner: PublicKeyZ32,
    path: StoragePath,
    more: Opt & { method?: 'GET' | 'HEAD'; headers?: Record<string, string> } = {},
  ) {
    const url = encodePath(path)
    return send(owner, url, { ...more, timeoutMs: ANSWER_MS })
  }

  return { key, features, page, live, object }
}

async function readFeatures(response: Response): Promise<ReadonlySet<string>> {
  if (response.status >= 500 || response.status === 429) await expectOk(response)
  if (!response.ok) {
    // Older homeservers have no such page.
    letGo(response)
    return new Set()
  }
  const { outcome, bytes } = await readAll(response, { bytes: INFO_MAX_BYTES, ms: ANSWER_MS })
  // What did not come whole says nothing: an older homeserver would be followed by polling.
  if (outcome === 'broken' || outcome === 'too_slow')
    throw new IndexerError('unreachable', { detail: `/info ${outcome}` })
  try {
    const info: unknown = JSON.parse(new TextDecoder().decode(bytes))
    const features = info && typeof info === 'object' && 'features' in info ? info.features : []
    return new Set(Array.isArray(features) ? features.filter((f) => typeof f === 'string') : [])
  } catch {
    return new Set()
  }
}

async function* readFrames(
  body: ReadableStream<Uint8Array>,
  parser: ReturnType<typeof createSseParser>,
  signal: AbortSignal | undefined,
): AsyncGenerator<FeedItem[]> {
  const reader = body.getReader()
  const cancel = () => void reader.cancel().catch(() => {})
  signal?.addEventListener('abort', cancel, { once: true })
  let silent = false
  // Only while we listen: we may be busy for longer.
  let listening = true
  const timer = setTimeout(() => {
    if (!listening) return
    silent = true
    cancel()
  }, SILENCE_MS)
  try {
    for (;;) {
      listening = true
      timer.refresh()
      const next = await reader.read().catch((cause: unknown) => {
        signal?.throwIfAborted()
        throw new IndexerError('unreachable', { cause })
      })
      signal?.throwIfAborted()
      if (silent) throw new IndexerError('silent')
      if (next.done) return
      listening = false
      const items: FeedItem[] = []
      for (const frame of parser.push(next.value)) {
        const item = parseFrame(frame.name, frame.data)
        if (item) items.push(item)
      }
      if (items.length > 0) yield items
    }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
    cancel()
  }
}
