import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { blake3Sync, type PublicKeyZ32, toBase64 } from '@pubky/protocol'

export interface ScriptedEvent {
  id: bigint
  kind: 'PUT' | 'DEL'
  owner: PublicKeyZ32
  path: string
  hash: Uint8Array | null
  proof?: string
  /** What streams that want bodies are sent with the event; text as it is. */
  content?: Buffer | string
}

type Handler = (request: IncomingMessage, response: ServerResponse) => boolean | undefined

/**
 * A homeserver that answers what a test tells it to, lies included. It keeps objects and events like
 * an honest one; `intercept` gives every request first to the test.
 */
export async function startScriptedHost(
  o: { live?: boolean; inline?: boolean; signatures?: boolean } = {},
) {
  const objects = new Map<string, { body: Buffer; proof?: string }>()
  let events: ScriptedEvent[] = []
  let nextId = 1n
  const streams = new Map<ServerResponse, boolean>()
  const requests: string[] = []
  let intercept: Handler | null = null

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (intercept?.(request, response)) return
    const url = new URL(request.url ?? '/', 'http://host')
    if (url.pathname === '/info') return answerInfo(response)
    if (url.pathname === '/events/') return answerEvents(request, response, url)
    return answerObject(request, response, url)
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  function answerInfo(response: ServerResponse): void {
    const features = [
      ...(o.live ? ['events-live'] : []),
      ...(o.inline ? ['events-inline'] : []),
      ...(o.signatures ? ['object-signatures'] : []),
    ]
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ features }))
  }

  function answerEvents(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const cursor = BigInt(url.searchParams.get('cursor') ?? 0)
    const limit = Number(url.searchParams.get('limit') ?? 100)
    const after = events.filter((event) => event.id > cursor)
    if (request.headers.accept === 'text/event-stream' && o.live) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': hello\n\n')
      const isInline = 'pubky-inline' in request.headers
      for (const event of after) response.write(frame(event, isInline))
      streams.set(response, isInline)
      response.on('close', () => streams.delete(response))
      return
    }
    const page = after.slice(0, limit)
    const last = page.at(-1)
    if (!last) {
      response.end('')
      return
    }
    const lines = page.map((event) => `${event.kind} pubky://${event.owner}${event.path}`)
    response.end([...lines, `cursor: ${last.id}`].join('\n'))
  }

  function answerObject(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const found = objects.get(`${request.headers['pubky-host']}${decodeURIComponent(url.pathname)}`)
    if (!found) {
      response.writeHead(404).end('Not Found')
      return
    }
    response.setHeader('etag', `"${toBase64(blake3Sync(found.body))}"`)
    if (found.proof) response.setHeader('pubky-signature', found.proof)
    response.setHeader('content-length', found.body.length)
    response.end(request.method === 'HEAD' ? undefined : found.body)
  }

  function emit(event: Omit<ScriptedEvent, 'id'> & { id?: bigint }): bigint {
    const id = event.id ?? nextId
    if (id >= nextId) nextId = id + 1n
    const full = { ...event, id }
    events.push(full)
    for (const [stream, isInline] of streams) stream.write(frame(full, isInline))
    return id
  }

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    /** Writes an object and its event. */
    put(owner: PublicKeyZ32, path: string, content: string | Buffer, proof?: string): bigint {
      const body = Buffer.from(content)
      objects.set(owner + path, { body, ...(proof ? { proof } : {}) })
      const hash = blake3Sync(body)
      return emit({ kind: 'PUT', owner, path, hash, content: body, ...(proof ? { proof } : {}) })
    },
    delete(owner: PublicKeyZ32, path: string): bigint {
      objects.delete(owner + path)
      return emit({ kind: 'DEL', owner, path, hash: null })
    },
    /** An event without any change, true or not. */
    emit,
    /** Anything at all into the open streams. */
    write(text: string): void {
      for (const stream of streams.keys()) stream.write(text)
    },
    openStreams: () => streams.size,
    dropStreams(): void {
      for (const stream of streams.keys()) stream.destroy()
    },
    /** Remembers everything; the returned function brings it back, as from a backup. */
    backup(): () => void {
      const kept = { objects: new Map(objects), events: [...events], nextId }
      return () => {
        objects.clear()
        for (const [key, value] of kept.objects) objects.set(key, value)
        events = [...kept.events]
        nextId = kept.nextId
        for (const stream of streams.keys()) stream.destroy()
      }
    },
    skipIds(count: bigint): void {
      nextId += count
    },
    intercept(handler: Handler | null): void {
      intercept = handler
    },
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export type ScriptedHost = Awaited<ReturnType<typeof startScriptedHost>>

function frame(event: ScriptedEvent, isInline: boolean): string {
  const lines = [
    `event: ${event.kind}`,
    `data: pubky://${event.owner}${event.path}`,
    `data: cursor: ${event.id}`,
  ]
  if (event.hash) lines.push(`data: content_hash: ${toBase64(event.hash)}`)
  if (event.proof) lines.push(`data: proof: ${event.proof}`)
  if (isInline && event.content !== undefined) {
    const { content } = event
    lines.push(`data: content: ${typeof content === 'string' ? content : toBase64(content)}`)
  }
  return `${lines.join('\n')}\n\n`
}
