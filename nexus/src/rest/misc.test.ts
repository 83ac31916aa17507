import { randomKeypair } from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createNexusServer } from '../server.ts'

const user = randomKeypair().publicKey

function serve() {
  const asked: string[] = []
  const ingest = async (key: string) => {
    asked.push(key)
    return { status: 'known' }
  }
  const app = createNexusServer({ reader: {}, ingest, log: createLogger('test') } as never)
  const send = async (
    remoteAddress: string,
    method: 'PUT' | 'POST',
    url: string,
    body?: object,
  ) => {
    const o = { method, url, remoteAddress, ...(body && { payload: body }) }
    const { statusCode, headers } = await app.inject(o)
    return { status: statusCode, retryAfter: headers['retry-after'] }
  }
  return {
    asked,
    rest: (address: string) => send(address, 'PUT', `/v0/ingest/${user}`),
    trpc: (address: string, path: string, count: number) =>
      send(
        address,
        'POST',
        `/trpc/${path}?batch=1`,
        Object.fromEntries(Array.from({ length: count }, (_, n) => [n, { userId: user }])),
      ),
    [Symbol.asyncDispose]: () => app.close(),
  }
}

// However slow the machine: nobody gains another call meanwhile.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const refused = { status: 429, retryAfter: expect.stringMatching(/^\d+$/) }

it('takes sixty people a minute from one network', async () => {
  await using it = serve()
  const answers = await Promise.all(
    Array.from({ length: 61 }, (_, n) => it.rest(`2001:db8::${n.toString(16)}`)),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(60)
  expect(answers.at(-1)).toEqual(refused)
  expect((await it.rest('192.0.2.1')).status).toBe(200)
  expect(it.asked).toHaveLength(61)
})

it('counts each of a batch, however its name is written', async () => {
  await using it = serve()
  const batch = Array.from({ length: 40 }, () => 'ingest.put').join(',')
  expect((await it.trpc('192.0.2.1', batch, 40)).status).toBe(200)
  expect(await it.trpc('192.0.2.1', batch.replaceAll('.', '%252E'), 40)).toEqual(refused)
  expect(it.asked).toHaveLength(40)
})
