import { randomBytes } from 'node:crypto'
import { PROOF_HEADER } from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import { settle } from '../testing/people.ts'

const { server } = await oneServer()

describe.each([
  ['in its row', 1000],
  ['in a blob', 400_000],
])('a part of a file that lies %s', (_, size) => {
  const body = randomBytes(size)

  async function stored() {
    const ann = await settle(server)
    await ann.put('/pub/clip.mp4', body)
    const whole = await ann.get('/pub/clip.mp4')
    const { etag = '', 'last-modified': modified = '' } = whole.headers
    expect(whole.headers['accept-ranges']).toBe('bytes')
    const get = (headers: Record<string, string>) => ann.get('/pub/clip.mp4', headers)
    return { ann, get, etag, modified }
  }

  test('comes with 206, its place, and the tag of the whole', async () => {
    const { get, etag } = await stored()
    for (const [asked, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=10-99', 10, 100],
      [`bytes=${size - 5}-`, size - 5, size],
      ['bytes=-7', size - 7, size],
      [`bytes=500-${size + 10}`, 500, size],
    ] as const) {
      const part = await get({ range: asked })
      expect(part.status).toBe(206)
      expect(part.headers).toMatchObject({
        etag,
        'content-range': `bytes ${start}-${end - 1}/${size}`,
        'content-length': String(end - start),
        'content-type': 'video/mp4',
        'x-content-type-options': 'nosniff',
      })
      expect(Buffer.compare(part.body, body.subarray(start, end))).toBe(0)
    }
  })

  test('that is not there is 416 with the size', async () => {
    const { get } = await stored()
    const { status, headers } = await get({ range: `bytes=${size}-` })
    expect([status, headers['content-range']]).toEqual([416, `bytes */${size}`])
    expect([headers['pubky-error'], headers.etag]).toEqual(['range_not_satisfiable', undefined])
  })

  test('comes only as long as the file is the one that If-Range names', async () => {
    const { get, etag, modified } = await stored()
    const status = async (headers: Record<string, string>) =>
      (await get({ range: 'bytes=0-9', ...headers })).status
    expect(await status({ 'if-range': etag })).toBe(206)
    expect(await status({ 'if-range': modified })).toBe(206)
    expect(await status({ 'if-range': '"another"' })).toBe(200)
    expect(await status({ 'if-range': `W/${etag}` })).toBe(200)
    expect(await status({ 'if-none-match': etag })).toBe(304)
  })

  test('is the whole when several parts are asked for, or none that could be read', async () => {
    const { ann, get } = await stored()
    for (const range of ['bytes=0-1,4-5', 'bytes=9-1', 'lines=1-2']) {
      const whole = await get({ range })
      expect([whole.status, whole.body.length]).toEqual([200, size])
      expect(whole.headers['content-range']).toBeUndefined()
    }
    const head = await server.call('HEAD', `/storage/${ann.who.key}/pub/clip.mp4`, {
      headers: { range: 'bytes=0-1' },
    })
    expect([head.status, head.headers['content-length']]).toEqual([200, String(size)])
  })
})

test('a part of a private file keeps the rules of private files', async () => {
  const ann = await settle(server)
  await ann.put('/priv/secret', '0123456789')
  const target = `/storage/${ann.who.key}/priv/secret`
  const range = { range: 'bytes=2-4' }
  expect((await server.call('GET', target, { headers: range })).status).toBe(401)
  const part = await server.call('GET', target, { headers: { ...ann.auth, ...range } })
  expect([part.status, part.text]).toEqual([206, '234'])
  expect(part.headers['cache-control']).toBe('no-store')
  const beyond = { ...ann.auth, range: 'bytes=10-' }
  const none = await server.call('GET', target, { headers: beyond })
  expect([none.status, none.headers.etag, none.headers['last-modified']]).toEqual([
    416,
    undefined,
    undefined,
  ])
  expect(none.headers['cache-control']).toBe('no-store')
  expect(none.headers[PROOF_HEADER]).toBeUndefined()
})
