import { keypairFromSeed } from '@pubky/protocol'
import { startScriptedHost } from '@pubky/testkit/scripted-host'
import { expect, test, vi } from 'vitest'
import { connectHost } from './remote-host.ts'

const { publicKey } = keypairFromSeed(new Uint8Array(32).fill(3))

test('a host whose features did not come whole could not be reached, and is no older one', async () => {
  await using host = await startScriptedHost({ live: true })
  const connect = () =>
    connectHost({ directory: { originOf: async () => host.url }, fetch }, publicKey)
  host.intercept((request, response) => {
    if (request.url !== '/info') return false
    response.writeHead(200, { 'content-length': 100 })
    response.write('{"feat', () => response.destroy())
    return true
  })
  await expect(connect()).rejects.toMatchObject({ code: 'unreachable' })
  host.intercept(null)
  expect([...(await connect()).features]).toEqual(['events-live'])
})

test('a stream is not silent while nobody listens to it', async () => {
  const frame = (id: number) => `event: DEL\ndata: pubky://x\ndata: cursor: ${id}\n\n`
  const answer = (url: string) => {
    if (url.endsWith('/info')) return Response.json({ features: ['events-live'] })
    const body = new ReadableStream({
      start: (stream) => [1, 2].forEach((id) => void stream.enqueue(Buffer.from(frame(id)))),
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  const host = await connectHost(
    {
      directory: { originOf: async () => 'http://host' },
      fetch: async (url) => answer(String(url)),
    },
    publicKey,
  )
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const events = host.live(0n)
    expect((await events.next()).value).toEqual([{ kind: null, id: 1n }])
    vi.advanceTimersByTime(3_600_000)
    expect((await events.next()).value).toEqual([{ kind: null, id: 2n }])
  } finally {
    vi.useRealTimers()
  }
})
