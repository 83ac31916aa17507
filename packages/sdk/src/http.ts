import { concat } from '@pubky/protocol'
import { PubkyError, type SdkErrorCode } from './errors.ts'

/** How long an answer's head may take, in ms. */
export const ANSWER_TIMEOUT_MS = 20_000
/** Error texts and small answers are cut here, in bytes. */
const SMALL_BODY_BYTES = 64 * 1024
const MAX_RETRY_AFTER_S = 86_400

export interface HttpRequest extends Omit<RequestInit, 'signal'> {
  signal?: AbortSignal | undefined
  timeoutMs?: number
}

const releases = new WeakMap<Response, () => void>()

/** Ends the link between an answer and the signal of its request, once its body is done with. */
export function release(response: Response): void {
  releases.get(response)?.()
  releases.delete(response)
}

/** Sends one request. Rejects with `network` or `timeout`, or with the reason of `signal`. */
export async function send(
  fetcher: typeof fetch,
  url: string,
  { signal, timeoutMs = ANSWER_TIMEOUT_MS, ...init }: HttpRequest = {},
): Promise<Response> {
  signal?.throwIfAborted()
  const control = new AbortController()
  const forward = () => control.abort(signal?.reason)
  const unlink = () => signal?.removeEventListener('abort', forward)
  signal?.addEventListener('abort', forward, { once: true })
  let late = false
  const timer = setTimeout(() => {
    late = true
    control.abort()
  }, timeoutMs)
  try {
    const response = await fetcher(url, { ...init, signal: control.signal })
    // The body may still be running: the caller's signal stays linked to it, the timer does not.
    if (response.body) releases.set(response, unlink)
    else unlink()
    return response
  } catch (cause) {
    unlink()
    signal?.throwIfAborted()
    throw new PubkyError(late ? 'timeout' : 'network', { cause, detail: new URL(url).host })
  } finally {
    clearTimeout(timer)
  }
}

type Chunk = Uint8Array<ArrayBuffer>

/** The next chunk of a body; `timeout` after `idleMs` of silence, `network` when it breaks. */
export async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  idleMs: number,
): Promise<Chunk | null> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new PubkyError('timeout', { detail: 'the body stalled' })),
      idleMs,
    )
  })
  try {
    const { done, value } = await Promise.race([reader.read(), silence])
    return done ? null : (value as Chunk)
  } catch (cause) {
    if (cause instanceof PubkyError || isAbort(cause)) throw cause
    throw new PubkyError('network', { cause })
  } finally {
    clearTimeout(timer)
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** The body for a caller to read; a stalled or broken one ends with `timeout` or `network`. */
export function bodyOf(response: Response): ReadableStream<Uint8Array> {
  const reader = response.body?.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = reader ? await readChunk(reader, ANSWER_TIMEOUT_MS) : null
          if (chunk) return controller.enqueue(chunk)
          release(response)
          controller.close()
        } catch (error) {
          release(response)
          void reader?.cancel().catch(() => {})
          controller.error(error)
        }
      },
      async cancel(reason) {
        release(response)
        await reader?.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Reads a body of at most `limit` bytes; more is `bad_answer`, a broken connection `network`. */
export async function readBounded(
  response: Response,
  limit: number = SMALL_BODY_BYTES,
): Promise<Chunk> {
  const reader = response.body?.getReader()
  if (!reader) return new Uint8Array()
  const chunks: Chunk[] = []
  let size = 0
  try {
    for (;;) {
      const chunk = await readChunk(reader, ANSWER_TIMEOUT_MS)
      if (!chunk) break
      size += chunk.length
      if (size > limit) {
        const detail = `more than ${limit} bytes`
        throw new PubkyError('bad_answer', { status: response.status, detail })
      }
      chunks.push(chunk)
    }
  } catch (error) {
    void reader.cancel().catch(() => {})
    throw error
  } finally {
    release(response)
  }
  return concat(...chunks) as Chunk
}

export async function readText(response: Response, limit?: number): Promise<string> {
  return new TextDecoder().decode(await readBounded(response, limit))
}

/** The parsed JSON of an answer, as `unknown`; `bad_answer` when it is none. */
export async function readJson(response: Response, limit?: number): Promise<unknown> {
  const text = await readText(response, limit)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new PubkyError('bad_answer', { status: response.status, cause })
  }
}

/** Reads and drops a small body nobody wants, so that its connection can be used again. */
export async function discard(response: Response): Promise<void> {
  await readBounded(response).catch(() => {})
}

/** Passes good answers and turns all others into an `PubkyError`. */
export async function expectOk(response: Response): Promise<Response> {
  if (response.ok || response.status === 304) return response
  throw await refusalOf(response)
}

const BY_STATUS: Record<number, SdkErrorCode> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  410: 'not_found',
  412: 'already_exists',
  413: 'too_large',
  415: 'bad_request',
  422: 'bad_request',
  425: 'server',
  429: 'rate_limited',
  507: 'quota_exceeded',
}

/** Codes of our homeserver (header `pubky-error`) that say more than their status. */
const BY_CODE: Readonly<Record<string, SdkErrorCode>> = {
  signature_required: 'signature_required',
  signature_not_fresh: 'signature_not_fresh',
  signature_not_newer: 'signature_superseded',
  malformed_proof: 'signature_invalid',
  proof_action_mismatch: 'signature_invalid',
  proof_hash_mismatch: 'signature_invalid',
  invalid_proof_signature: 'signature_invalid',
  invalid_proof_certificate: 'signature_invalid',
  path_collision: 'path_collision',
  already_exists: 'already_exists',
  user_exists: 'user_exists',
  moving: 'moving',
  moved: 'moved',
  proof_key_revoked: 'signature_revoked',
  token_required: 'token_required',
  token_invalid: 'token_invalid',
  token_used: 'token_invalid',
  token_format: 'token_invalid',
}

/** Texts that are fixed on the wire, for servers that send no code. */
const BY_TEXT: readonly [RegExp, SdkErrorCode][] = [
  [/path collision/i, 'path_collision'],
  [/^user already exists/i, 'user_exists'],
  [/^token required/i, 'token_required'],
  [/^(invalid token|token already used|invalid signup token)/i, 'token_invalid'],
]

function codeOf(response: Response, text: string, fields: Record<string, unknown>): SdkErrorCode {
  const { status } = response
  if (status >= 500) return BY_STATUS[status] ?? 'server'
  const told = response.headers.get('pubky-error') ?? String(fields.code ?? '')
  return (
    BY_CODE[told] ??
    BY_TEXT.find(([test]) => test.test(text))?.[1] ??
    BY_STATUS[status] ??
    'bad_request'
  )
}

/** What a refusal says: its stable code, the server's text, and the figures it carries. */
export async function refusalOf(response: Response): Promise<PubkyError> {
  const { status } = response
  const text = (await readText(response).catch(() => '')).trim()
  const fields = jsonFields(text)
  return new PubkyError(codeOf(response, text, fields), {
    status,
    body: text,
    detail: `${status} ${text.slice(0, 200)}`.trim(),
    retryAfterSeconds: retryAfter(response.headers.get('retry-after')),
    serverTime: micros(fields.server_time),
    highest: micros(fields.timestamp),
  })
}

/** Seconds or a date (RFC 9110 10.2.3); at most a day is believed. */
function retryAfter(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000
  return seconds > 0 ? Math.min(MAX_RETRY_AFTER_S, seconds) : undefined
}

function jsonFields(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

function micros(value: unknown): bigint | undefined {
  const text = String(value ?? '')
  return /^\d{1,18}$/.test(text) ? BigInt(text) : undefined
}
