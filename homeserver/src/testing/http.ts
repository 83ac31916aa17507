import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { Readable } from 'node:stream'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: Buffer
  text: string
}

export interface Call {
  headers?: Record<string, string>
  body?: Uint8Array | string | Readable
}

/** Sends a request whose target stays exactly as it is written. */
export type Caller = (method: string, target: string, call?: Call) => Promise<Answer>

export function createCaller(base: string): Caller & AsyncDisposable {
  const { hostname, port } = new URL(base)
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const call: Caller = async (method, target, { headers = {}, body } = {}) => {
    const req = request({ hostname, port, method, path: target, headers, agent })
    const answered = once(req, 'response')
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) req.end(body)
    else body.pipe(req)
    const [response] = (await answered) as [import('node:http').IncomingMessage]
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part)
    const bytes = Buffer.concat(parts)
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      rawHeaders: response.rawHeaders,
      body: bytes,
      text: bytes.toString(),
    }
  }
  return Object.assign(call, {
    async [Symbol.asyncDispose]() {
      agent.destroy()
    },
  })
}

export interface OpenedStream extends Disposable {
  status: number
  headers: IncomingHttpHeaders
  /** Resolves with the frames once there are so many. */
  frames(count: number): Promise<string[]>
  /** Resolves with everything when the server ends it. */
  ended: Promise<string[]>
}

/** Opens a stream of server-sent events. */
export async function openEvents(
  base: string,
  target: string,
  headers: Record<string, string> = {},
): Promise<OpenedStream> {
  const { hostname, port } = new URL(base)
  const req = request({ hostname, port, path: target, headers, agent: false })
  req.on('error', () => {})
  req.end()
  const [response] = (await once(req, 'response')) as [import('node:http').IncomingMessage]
  const frames: string[] = []
  const changed = new EventTarget()
  let rest = ''
  response.on('data', (chunk: Buffer) => {
    rest += chunk.toString()
    const parts = rest.split('\n\n')
    rest = parts.pop() ?? ''
    frames.push(...parts.filter((part) => !part.startsWith(':')))
    changed.dispatchEvent(new Event('frames'))
  })
  response.on('error', () => {})
  const ended = new Promise<string[]>((resolve) => response.once('close', () => resolve(frames)))
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    async frames(count) {
      while (frames.length < count) await once(changed, 'frames')
      return frames.slice(0, count)
    },
    ended,
    [Symbol.dispose]: () => req.destroy(),
  }
}
