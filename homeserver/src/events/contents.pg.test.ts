import { expect, test } from 'vitest'
import { twoServers } from '../testing/fixture.ts'
import { type OpenedStream, openEvents } from '../testing/http.ts'
import { settle } from '../testing/people.ts'
import { startTestServer, type TestServer } from '../testing/server.ts'

const { database, server, other } = await twoServers()

async function newest(): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    'select coalesce(max(id), 0)::text as id from events',
  )
  return rows[0]?.id ?? '0'
}

function open(
  cursor: string,
  { inline, at = server }: { inline?: string | undefined; at?: TestServer } = {},
): Promise<OpenedStream> {
  return openEvents(at.running.urls.http, `/events/?cursor=${cursor}`, {
    accept: 'text/event-stream',
    ...(inline !== undefined && { 'pubky-inline': inline }),
  })
}

/** Each frame like `PUT /pub/a body`, `-` for none. */
async function told(stream: OpenedStream, count: number): Promise<string[]> {
  return (await stream.frames(count)).map((frame) => {
    const [, kind] = /^event: (.*)$/m.exec(frame) ?? []
    const [, path] = /^data: pubky:\/\/.{52}(.*)$/m.exec(frame) ?? []
    const [, content] = /^data: content: (.*)$/m.exec(frame) ?? []
    const body = content === undefined ? '-' : Buffer.from(content, 'base64').toString()
    return `${kind} ${path} ${body.length > 40 ? body.length : body}`
  })
}

test('bodies come with their events live and from history, in this process and another', async () => {
  const ann = await settle(server)
  const from = await newest()
  using here = await open(from, { inline: '16384' })
  using there = await open(from, { inline: '16384', at: other })
  await ann.put('/pub/a', 'one')
  await ann.put('/pub/b', '')
  const expected = ['PUT /pub/a one', 'PUT /pub/b ']
  expect(await told(here, 2)).toEqual(expected)
  expect(await told(there, 2)).toEqual(expected)
  using late = await open(from, { inline: '16384' })
  expect(await told(late, 2)).toEqual(expected)
  const [, cursor] = /^data: cursor: (\d+)$/m.exec((await late.frames(1))[0] ?? '') ?? []
  using resumed = await open(cursor ?? '', { inline: '16384' })
  expect(await told(resumed, 1)).toEqual(['PUT /pub/b '])
  await ann.put('/pub/c', 'live again')
  for (const stream of [here, there, late])
    expect((await told(stream, 3))[2]).toBe('PUT /pub/c live again')
  expect((await told(resumed, 2))[1]).toBe('PUT /pub/c live again')
})

test('who does not ask for bodies is sent the same bytes as ever', async () => {
  const ann = await settle(server)
  const from = await newest()
  using plain = await open(from)
  using inline = await open(from, { inline: '100' })
  const odd = await Promise.all(
    ['', '0', '-1', '1e3', 'all', '1, 2'].map((text) => open(from, { inline: text })),
  )
  await ann.put('/pub/a', 'one')
  await ann.del('/pub/a')
  const { rows } = await database.pool.query<{ id: string; hash: Buffer | null }>(
    'select id::text, hash from events where id > $1 order by id',
    [from],
  )
  const uri = `data: pubky://${ann.who.key}/pub/a`
  const frames = [
    `event: PUT\n${uri}\ndata: cursor: ${rows[0]?.id}\ndata: content_hash: ${rows[0]?.hash?.toString('base64')}`,
    `event: DEL\n${uri}\ndata: cursor: ${rows[1]?.id}`,
  ]
  expect(await plain.frames(2)).toEqual(frames)
  using history = await open(from)
  expect(await history.frames(2)).toEqual(frames)
  for (const stream of odd) {
    expect(await stream.frames(2)).toEqual(frames)
    stream[Symbol.dispose]()
  }
  const without = (await inline.frames(2)).map((frame) => frame.replace(/\ndata: content: .*/, ''))
  expect(without).toEqual(frames)
})

test('what is deleted, replaced, private or large is told without a body', async () => {
  const ann = await settle(server)
  const from = await newest()
  // So that the events are in memory, with the bodies that they had.
  using first = await open(from, { inline: '16384' })
  await ann.put('/pub/kept', 'kept')
  await ann.put('/pub/deleted', 'a secret said in error')
  await ann.put('/pub/replaced', 'old')
  await ann.put('/priv/hidden', 'private')
  await ann.put('/pub/large', Buffer.alloc(16 * 1024 + 1, 'x'))
  await ann.put('/pub/fits', Buffer.alloc(16 * 1024, 'y'))
  await first.frames(5)
  await ann.del('/pub/deleted')
  await ann.put('/pub/replaced', 'new')
  const expected = [
    'PUT /pub/kept kept',
    'PUT /pub/deleted -',
    'PUT /pub/replaced -',
    'PUT /pub/large -',
    'PUT /pub/fits 16384',
    'DEL /pub/deleted -',
    'PUT /pub/replaced new',
  ]
  for (const at of [server, other]) {
    using late = await open(from, { inline: '16384', at })
    expect(await told(late, 7)).toEqual(expected)
  }
  using small = await open(from, { inline: '4' })
  expect(await told(small, 7)).toEqual(expected.map((line) => line.replace('16384', '-')))
  // Nothing of what a reader was sent stays for the next.
  using again = await open(from, { inline: '999999999' })
  expect(await told(again, 7)).toEqual(expected)
})

test('a history of many bodies comes whole, in order, once', async () => {
  const ann = await settle(server)
  const from = await newest()
  const body = (n: number) => Buffer.alloc(n % 3 === 0 ? 16 * 1024 : 300, `${n} `)
  for (let n = 0; n < 250; n += 1) await ann.put(`/pub/many/${n}`, body(n))
  using stream = await open(from, { inline: '16384' })
  const frames = await stream.frames(250)
  for (const [n, frame] of frames.entries()) {
    expect(frame).toContain(`/pub/many/${n}\n`)
    const [, content] = /^data: content: (.*)$/m.exec(frame) ?? []
    expect(content).toBe(body(n).toString('base64'))
  }
  await ann.put('/pub/many/end', 'end')
  expect((await told(stream, 251))[250]).toBe('PUT /pub/many/end end')
})

test('a reader of bodies gets past events of private files', async () => {
  const ann = await settle(server)
  using stream = await open(await newest(), { inline: '16384' })
  await ann.put('/priv/a', 'x')
  await ann.put('/pub/after', 'y')
  expect(await told(stream, 1)).toEqual(['PUT /pub/after y'])
})

test('where reading is slowed, bodies are read one by one', async () => {
  await using slow = await startTestServer(database.url, {
    config: { unauthenticatedIpRateRead: '1kb/s' },
  })
  const ann = await settle(slow)
  using stream = await open(await newest(), { inline: '16384', at: slow })
  await ann.put('/pub/a', 'one')
  expect(await told(stream, 1)).toEqual(['PUT /pub/a -'])
})
