import { hashId } from '@pubky/app-specs'
import { blake3Sync, toBase64 } from '@pubky/protocol'
import { type ScriptedHost, startScriptedHost } from '@pubky/testkit/scripted-host'
import { expect, test } from 'vitest'
import { ALICE, BOB, brief, count, HOST, post, setUp, textOf } from './fixture.ts'

const asked = (host: ScriptedHost) => host.requests.filter((line) => line.includes('/posts/'))
const hashOf = (text: string) => blake3Sync(Buffer.from(text))

test('bodies that come with their events are in the journal without being asked for', async () => {
  await using host = await startScriptedHost({ live: true, inline: true })
  host.put(ALICE, post(1), '{"content":"history"}', 'AQID')
  await using it = await setUp({ [HOST]: host })
  await it.until(count(1))
  host.put(ALICE, post(2), '')
  host.put(BOB, post(3), '{"content":"live"}')
  host.delete(ALICE, post(1))
  const entries = await it.until(count(4))
  expect(entries.map(brief)).toEqual([
    'PUT 003472M6A0001 {"content":"history"}',
    'PUT 003472M6A0002 ',
    'PUT 003472M6A0003 {"content":"live"}',
    'DEL 003472M6A0001 -',
  ])
  expect([...(entries[0]?.proof ?? [])]).toEqual([1, 2, 3])
  expect(asked(host)).toEqual([])
})

test('a stream with bodies that breaks off is taken up where it was', async () => {
  await using host = await startScriptedHost({ live: true, inline: true })
  await using it = await setUp({ [HOST]: host })
  for (let n = 0; n < 30; n += 1) {
    host.put(ALICE, post(n), `{"content":"${n}"}`)
    if (n % 10 === 9) {
      await it.until(count(n - 3))
      host.dropStreams()
    }
  }
  const entries = await it.until(count(30))
  expect(entries.map(textOf)).toEqual(Array.from({ length: 30 }, (_, n) => `{"content":"${n}"}`))
  expect(new Set(entries.map((e) => e.path)).size).toBe(30)
  expect(asked(host)).toEqual([])
})

test('a host that does not offer bodies is not asked for them', async () => {
  await using host = await startScriptedHost({ live: true })
  const headers: (string | undefined)[] = []
  host.intercept((request) => {
    if (request.url?.startsWith('/events/')) headers.push(String(request.headers['pubky-inline']))
    return undefined
  })
  host.put(ALICE, post(1), '{"content":"one"}')
  await using it = await setUp({ [HOST]: host })
  await it.until(count(1))
  expect(new Set(headers)).toEqual(new Set(['undefined']))
  expect(asked(host)).toHaveLength(1)
})

test('a body that is not the one its event names is refused, and the true one asked for', async () => {
  await using host = await startScriptedHost({ live: true, inline: true })
  await using it = await setUp({ [HOST]: host })
  const forge = (n: number, content: string | Buffer, hash: Uint8Array | null) =>
    host.emit({ kind: 'PUT', owner: ALICE, path: post(n), hash, content })
  const restore = host.backup()
  host.put(ALICE, post(1), '{"content":"true"}')
  restore()
  host.intercept((request, response) => {
    if (!request.url?.includes('/posts/') || request.url.endsWith('04')) return
    response.end('{"content":"true"}')
    return true
  })
  const hash = hashOf('{"content":"true"}')
  forge(1, Buffer.from('{"content":"forged"}'), hash)
  forge(2, 'no base64!', hash)
  forge(3, Buffer.from('{"content":"nobody knows"}'), null)
  forge(4, Buffer.from('{"content":"forged"}'), hash)
  const entries = await it.until(count(4))
  expect(entries.map(brief)).toEqual([
    'PUT 003472M6A0001 {"content":"true"}',
    'PUT 003472M6A0002 {"content":"true"}',
    'PUT 003472M6A0003 {"content":"true"}',
    'PUT 003472M6A0004 superseded:absent',
  ])
})

test('a body that came along counts no less than one that was asked for', async () => {
  await using host = await startScriptedHost({ live: true, inline: true })
  host.put(ALICE, post(1), 'x'.repeat(5_000))
  host.put(ALICE, `/pub/pubky.app/blobs/${hashId('a small file')}`, 'a small file')
  host.emit({
    kind: 'DEL',
    owner: ALICE,
    path: post(2),
    hash: hashOf('left'),
    content: Buffer.from('left'),
  })
  await using it = await setUp({ [HOST]: host }, { limits: { rowBytes: 1_000 } })
  const entries = await it.until(count(3))
  expect(entries.map(brief)).toEqual([
    'PUT 003472M6A0001 refused:too_large',
    `PUT ${hashId('a small file')} blob`,
    'DEL 003472M6A0002 -',
  ])
})

test('a longer body than was asked for puts the host into quarantine', async () => {
  await using host = await startScriptedHost({ live: true, inline: true })
  host.put(ALICE, post(1), Buffer.alloc(16 * 1024, 'x'))
  await using it = await setUp({ [HOST]: host })
  const [entry] = await it.until(count(1))
  expect(entry?.status).toBe('ok')
  expect(asked(host)).toEqual([])
  host.write(`event: PUT\ndata: content: ${toBase64(Buffer.alloc(16 * 1024 + 8, 'x'))}\n`)
  await expect
    .poll(async () => (await it.pool.query('select reason from sources')).rows)
    .toEqual([{ reason: 'line_too_long' }])
})
