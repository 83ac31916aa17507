import { hashId } from '@pubky/app-specs'
import {
  blake3Sync,
  keypairFromSeed,
  type Micros,
  publicKeyBytes,
  type StoragePath,
  toHex,
} from '@pubky/protocol'
import { type ScriptedHost, startScriptedHost } from '@pubky/testkit/scripted-host'
import { describe, expect, test } from 'vitest'
import { ALICE, BOB, brief, count, HOST, OTHER_HOST, post, setUp, textOf } from './fixture.ts'
import { createWatcher } from './watcher.ts'

describe.each([{ live: true }, { live: false }])('a host with live=$live', ({ live }) => {
  test('history and new events reach the journal in order with bodies and cursors', async () => {
    await using host = await startScriptedHost({ live })
    host.put(ALICE, '/pub/pubky.app/profile.json', '{"name":"Alice"}')
    host.put(ALICE, '/pub/other/notes.txt', 'nobody reads this')
    host.put(BOB, post(1), '{"content":"one"}')
    await using it = await setUp({ [HOST]: host })
    await it.until(count(2))
    host.skipIds(3n)
    host.put(BOB, post(2), '{"content":"two"}')
    host.delete(BOB, post(1))
    const entries = await it.until(count(4))
    expect(entries.map(brief)).toEqual([
      'PUT profile.json {"name":"Alice"}',
      'PUT 003472M6A0001 {"content":"one"}',
      'PUT 003472M6A0002 {"content":"two"}',
      'DEL 003472M6A0001 -',
    ])
    expect(entries[0]?.hash).toEqual(Buffer.from(blake3Sync(Buffer.from('{"name":"Alice"}'))))
    expect(entries.at(-1)?.eventId).toBe('8')
    expect(host.requests.some((line) => line.includes('notes.txt'))).toBe(false)
    const { rows } = await it.pool.query('select event_id from source_cursors')
    expect(rows).toEqual([{ event_id: '8' }])
  })

  test('a watcher that is stopped and started again loses and repeats nothing', async () => {
    await using host = await startScriptedHost({ live })
    for (let n = 0; n < 20; n += 1) host.put(ALICE, post(n), `{"content":"${n}"}`)
    await using it = await setUp({ [HOST]: host })
    await it.until(count(1))
    for (let round = 0; round < 3; round += 1) {
      await it.halt()
      for (let n = 0; n < 5; n += 1)
        host.put(ALICE, post(20 + round * 5 + n), `{"content":"r${round}"}`)
      it.start()
    }
    const entries = await it.until(count(35))
    expect(entries).toHaveLength(35)
    expect(new Set(entries.map((entry) => entry.path)).size).toBe(35)
  })

  test('a deleted object in the history is superseded and its deletion kept', async () => {
    await using host = await startScriptedHost({ live })
    host.put(ALICE, post(1), '{"content":"gone"}')
    host.emit({ kind: 'PUT', owner: ALICE, path: post(2), hash: blake3Sync(Buffer.from('x')) })
    host.delete(ALICE, post(1))
    await using it = await setUp({ [HOST]: host })
    const entries = await it.until(count(3))
    expect(entries.map((e) => [e.kind, e.status])).toEqual([
      ['PUT', 'superseded'],
      ['PUT', 'superseded'],
      ['DEL', 'ok'],
    ])
  })

  test('too large a body is refused with its reason', async () => {
    await using host = await startScriptedHost({ live })
    host.put(ALICE, post(1), 'x'.repeat(5_000))
    host.put(ALICE, post(2), '{"content":"small"}')
    await using it = await setUp({ [HOST]: host }, { limits: { rowBytes: 1_000 } })
    const entries = await it.until(count(2))
    expect(entries.map(brief)).toEqual([
      'PUT 003472M6A0001 refused:too_large',
      'PUT 003472M6A0002 {"content":"small"}',
    ])
  })

  test('one object on which the host always fails does not hold up the others', async () => {
    await using host = await startScriptedHost({ live })
    host.intercept((request, response) => {
      if (!request.url?.endsWith('01')) return
      response.writeHead(500).end('no')
      return true
    })
    host.put(ALICE, post(1), '{}')
    host.put(ALICE, post(2), '{"content":"two"}')
    await using it = await setUp({ [HOST]: host })
    const entries = await it.until(count(2))
    expect(entries.map(brief)).toEqual([
      'PUT 003472M6A0001 refused:host_failed',
      'PUT 003472M6A0002 {"content":"two"}',
    ])
  })

  test('a host restored from a backup is taken up again and its lost writes are undone', async () => {
    await using host = await startScriptedHost({ live })
    host.put(ALICE, post(1), '{"content":"kept"}')
    host.put(ALICE, post(2), '{"content":"old"}')
    await using it = await setUp({ [HOST]: host })
    await it.until(count(2))
    const restore = host.backup()
    host.put(ALICE, post(2), '{"content":"edited"}')
    host.put(ALICE, post(3), '{"content":"lost"}')
    await it.until(count(4))
    restore()
    host.put(BOB, post(4), '{"content":"after"}')
    if (!live) {
      await it.halt()
      it.start()
    }
    const entries = await it.until((all) => all.some((e) => e.owner === BOB))
    const now = new Map(entries.map((e) => [e.path, brief(e)]))
    expect([...now.values()]).toEqual([
      'PUT 003472M6A0001 {"content":"kept"}',
      'PUT 003472M6A0002 {"content":"old"}',
      'DEL 003472M6A0003 -',
      'PUT 003472M6A0004 {"content":"after"}',
    ])
    const ids = entries.map((e) => Number(e.eventId))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
  })
})

const blobPath = (body: string | Buffer) => `/pub/pubky.app/blobs/${hashId(body)}`

test('blobs lie in the blob store under their hash and are fetched once', async () => {
  await using host = await startScriptedHost({ live: true })
  const blob = Buffer.alloc(300_000, 'image')
  host.put(ALICE, blobPath(blob), blob)
  host.put(BOB, blobPath(blob), blob)
  await using it = await setUp({ [HOST]: host })
  const entries = await it.until(count(2))
  const name = toHex(blake3Sync(blob))
  expect(entries.map((e) => e.body)).toEqual([
    { at: 'blob', key: name, size: 300_000 },
    { at: 'blob', key: name, size: 300_000 },
  ])
  const bytes = Buffer.from(await new Response(await it.blobs.read(name)).arrayBuffer())
  expect(bytes.equals(blob)).toBe(true)
})

test('a blob with another hash than its event is not stored', async () => {
  await using host = await startScriptedHost({ live: true })
  host.put(ALICE, blobPath('first'), 'first')
  host.intercept((request, response) => {
    if (!request.url?.includes('/blobs/')) return
    response.end('forged')
    return true
  })
  await using it = await setUp({ [HOST]: host })
  const [entry] = await it.until(count(1))
  expect([entry?.status, entry?.reason]).toEqual(['superseded', 'other_hash'])
  expect(await it.blobs.stat(toHex(blake3Sync(Buffer.from('first'))))).toBeNull()
})

test.each([{ live: true }, { live: false }])(
  'a blob whose id is not made of its hash is not taken (live=$live)',
  async ({ live }) => {
    await using host = await startScriptedHost({ live })
    host.put(ALICE, blobPath('small'), 'something else')
    await using it = await setUp({ [HOST]: host })
    const [entry] = await it.until(count(1))
    expect([entry?.status, entry?.reason]).toEqual(['refused', 'wrong_id'])
    expect(await it.blobs.stat(toHex(blake3Sync(Buffer.from('something else'))))).toBeNull()
    // Only polling has to ask what the hash is.
    expect(host.requests.some((line) => line.includes('/blobs/'))).toBe(!live)
  },
)

test.each([{ live: true }, { live: false }])(
  'a host that sent more than a day may bring is waited for, and nothing is lost (live=$live)',
  async ({ live }) => {
    await using host = await startScriptedHost({ live })
    await using other = await startScriptedHost({ live })
    const blob = Buffer.alloc(2_000, 'x')
    host.put(ALICE, blobPath(blob), blob)
    let nowMs = Date.now()
    const told: string[] = []
    await using it = await setUp(
      { [HOST]: host, [OTHER_HOST]: other },
      {
        sources: [HOST, OTHER_HOST],
        limits: { hostBytesPerDay: 1_000 },
        clock: () => BigInt(nowMs) * 1_000n,
        log: { warn: () => {}, info: (_, text) => void told.push(text) },
      },
    )
    await it.until(count(1))
    host.put(ALICE, post(1), '{"content":"later"}')
    await expect.poll(() => told).toContain('a host has sent more than a day may bring')
    other.put(BOB, post(2), '{"content":"now"}')
    const before = await it.until(count(2))
    expect(before.map((e) => e.owner)).toEqual([ALICE, BOB])
    nowMs += 2 * 86_400_000
    expect((await it.until(count(3))).map(brief).at(-1)).toBe(
      'PUT 003472M6A0001 {"content":"later"}',
    )
  },
)

test('proofs of objects and tombstones are kept with their entries', async () => {
  await using host = await startScriptedHost({ live: true, signatures: true })
  host.put(ALICE, post(1), '{"content":"signed"}', 'AQID')
  await using it = await setUp({ [HOST]: host })
  await it.until(count(1))
  host.emit({ kind: 'DEL', owner: ALICE, path: post(1), hash: null, proof: 'BAUG' })
  const entries = await it.until(count(2))
  expect(entries.map((e) => [...(e.proof ?? [])])).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ])
})

test.each([
  [
    'goes backwards',
    (host: ScriptedHost) =>
      host.emit({ id: 1n, kind: 'DEL', owner: ALICE, path: post(9), hash: null }),
  ],
  [
    'sends a line without an end',
    (host: ScriptedHost) => host.write(`data: ${'x'.repeat(40_000)}`),
  ],
  [
    'sends events without ids',
    (host: ScriptedHost) => host.write(`event: PUT\ndata: pubky://${ALICE}${post(1)}\n\n`),
  ],
])('a host that %s is quarantined alone', async (_, lie) => {
  await using liar = await startScriptedHost({ live: true })
  await using honest = await startScriptedHost({ live: true })
  liar.put(ALICE, post(1), '{"content":"liar"}')
  await using it = await setUp(
    { [HOST]: liar, [OTHER_HOST]: honest },
    { sources: [HOST, OTHER_HOST] },
  )
  await it.until(count(1))
  lie(liar)
  await expect.poll(() => it.watcher.followed()).not.toContain(HOST)
  const { rows } = await it.pool.query(
    'select strikes, quarantined_until > now() as quarantined from sources order by strikes desc',
  )
  expect(rows).toEqual([
    { strikes: 1, quarantined: true },
    { strikes: 0, quarantined: null },
  ])
  honest.put(BOB, post(2), '{"content":"fresh"}')
  const entries = await it.until(count(2))
  expect(entries.at(-1)?.owner).toBe(BOB)
})

test('a page whose cursor repeats puts the host into quarantine', async () => {
  await using host = await startScriptedHost({ live: false })
  await using it = await setUp({ [HOST]: host })
  host.intercept((request, response) => {
    if (!request.url?.startsWith('/events/')) return
    response.end(`PUT pubky://${ALICE}${post(1)}\ncursor: 0`)
    return true
  })
  await expect
    .poll(async () => (await it.pool.query('select reason from sources')).rows)
    .toEqual([{ reason: 'bad_cursor' }])
  expect(await it.objects()).toEqual([])
})

test('a host that stalls on objects holds up nobody else', async () => {
  await using slow = await startScriptedHost({ live: true })
  await using quick = await startScriptedHost({ live: true })
  for (let n = 0; n < 40; n += 1) slow.put(ALICE, post(n), '{}')
  slow.intercept((request) => request.url?.startsWith('/pub/') ?? false)
  await using it = await setUp(
    { [HOST]: slow, [OTHER_HOST]: quick },
    { sources: [HOST, OTHER_HOST] },
  )
  quick.put(BOB, post(1), '{"content":"quick"}')
  expect((await it.until(count(1))).map((e) => e.owner)).toEqual([BOB])
})

test('a flood on a few paths is fetched once per object', async () => {
  await using host = await startScriptedHost({ live: true })
  for (let n = 0; n < 3_000; n += 1) host.put(ALICE, post(n % 3), `{"content":"${n}"}`)
  await using it = await setUp({ [HOST]: host })
  const entries = await it.until(count(3_000))
  expect(entries.slice(-3).map(textOf)).toEqual([
    '{"content":"2997"}',
    '{"content":"2998"}',
    '{"content":"2999"}',
  ])
  const fetched = host.requests.filter((line) => line.includes('/posts/')).length
  expect(fetched).toBeLessThan(300)
})

test('a new person’s record becomes a HOME entry, and their new host is followed', async () => {
  await using host = await startScriptedHost({ live: true })
  await using other = await startScriptedHost({ live: true })
  await using it = await setUp({ [HOST]: host, [OTHER_HOST]: other })
  it.homes.set(ALICE, { host: OTHER_HOST, recordMicros: 5n as Micros })
  host.put(ALICE, post(1), '{"content":"here"}')
  other.put(ALICE, post(2), '{"content":"there"}')
  await it.until(count(2))
  const entries = await it.journal.read(0n, 100)
  expect(entries.filter((e) => e.kind === 'HOME')).toMatchObject([
    { owner: ALICE, host: OTHER_HOST, recordMicros: 5n },
  ])
})

test('ingesting a person follows their host, again says known, without a record no_homeserver', async () => {
  await using other = await startScriptedHost({ live: true })
  other.put(BOB, post(1), '{"content":"hi"}')
  await using it = await setUp({ [OTHER_HOST]: other })
  it.homes.set(BOB, { host: OTHER_HOST, recordMicros: 1n as Micros })
  expect(await it.watcher.ingest(BOB)).toEqual({ status: 'ingested' })
  await it.until(count(1))
  expect(await it.watcher.ingest(BOB)).toEqual({ status: 'known' })
  expect(await it.watcher.ingest(ALICE)).toEqual({ status: 'no_homeserver' })
})

test('two watchers share the hosts, and the second takes over when the first stops', async () => {
  await using host = await startScriptedHost({ live: true })
  host.put(ALICE, post(1), '{"content":"1"}')
  await using it = await setUp({ [HOST]: host })
  await it.until(count(1))
  const second = createWatcher(it.options)
  const stop = new AbortController()
  const running = second.run(stop.signal)
  host.put(ALICE, post(2), '{"content":"2"}')
  await it.until(count(2))
  expect([it.watcher.followed(), second.followed(), host.openStreams()]).toEqual([[HOST], [], 1])
  await it.halt()
  host.put(ALICE, post(3), '{"content":"3"}')
  await it.until(count(3))
  expect(second.followed()).toEqual([HOST])
  stop.abort()
  await running
  expect(await it.journal.history(ALICE, post(2) as StoragePath)).toHaveLength(1)
})

const stranger = (n: number) => keypairFromSeed(new Uint8Array(32).fill(n)).publicKey

test('hosts that do not exist take no place from those that do', async () => {
  await using other = await startScriptedHost({ live: true })
  other.put(BOB, post(1), '{"content":"real"}')
  await using it = await setUp(
    { [OTHER_HOST]: other },
    { sources: [], maxFollowed: 1, maxSources: 3 },
  )
  for (const n of [11, 12, 13]) {
    it.homes.set(stranger(n), { host: stranger(n + 100), recordMicros: 1n as Micros })
    await it.watcher.ingest(stranger(n))
  }
  const struck = 'select from sources where strikes > 0'
  await expect.poll(async () => (await it.pool.query(struck)).rowCount).toBe(3)
  it.homes.set(BOB, { host: OTHER_HOST, recordMicros: 1n as Micros })
  await it.watcher.ingest(BOB)
  expect((await it.until(count(1))).map(brief)).toEqual(['PUT 003472M6A0001 {"content":"real"}'])
})

test('what answers and is no homeserver is not kept', async () => {
  await using page = await startScriptedHost()
  page.intercept((_, response) => {
    response.writeHead(404).end('no such page')
    return true
  })
  await using it = await setUp({ [OTHER_HOST]: page }, { sources: [] })
  it.homes.set(BOB, { host: OTHER_HOST, recordMicros: 1n as Micros })
  await it.watcher.ingest(BOB)
  await expect
    .poll(async () => (await it.pool.query('select reason from sources')).rows)
    .toEqual([{ reason: 'host_failed' }])
})

test('hosts of the configuration are followed however many they are', async () => {
  await using host = await startScriptedHost({ live: true })
  await using other = await startScriptedHost({ live: true })
  host.put(ALICE, post(1), '{"content":"one"}')
  other.put(BOB, post(2), '{"content":"two"}')
  await using it = await setUp(
    { [HOST]: host, [OTHER_HOST]: other },
    { sources: [HOST, OTHER_HOST], maxFollowed: 1 },
  )
  await it.until(count(2))
})

const checks = (it: Awaited<ReturnType<typeof setUp>>) =>
  it.pool.query<{ failures: number }>('select failures from home_checks')

test('of a key without a record that is ingested nothing is remembered', async () => {
  await using it = await setUp({})
  expect(await it.watcher.ingest(ALICE)).toEqual({ status: 'no_homeserver' })
  expect((await checks(it)).rows).toEqual([])
})

test('who has a home does not wait for strangers of whom nobody knows anything', async () => {
  await using host = await startScriptedHost({ live: true })
  const asked = new Set<string>()
  let recordMicros = 1n
  await using it = await setUp(
    { [HOST]: host },
    {
      directory: {
        originOf: async () => host.url,
        async homeOf(user, { signal } = {}) {
          asked.add(user)
          if (user !== ALICE)
            await new Promise((resolve) => signal?.addEventListener('abort', resolve))
          signal?.throwIfAborted()
          const policy = Buffer.from(String(recordMicros))
          return { host: HOST, recordMicros: recordMicros as Micros, policy }
        },
      },
    },
  )
  await it.watcher.ingest(ALICE)
  for (let n = 0; n < 300; n += 1) {
    const seed = new Uint8Array(32)
    new DataView(seed.buffer).setUint16(0, n)
    host.put(keypairFromSeed(seed).publicKey, post(1), '{}')
  }
  await it.until(count(300))
  await expect.poll(() => asked.size).toBeGreaterThan(5)
  recordMicros = 2n
  const alice = Buffer.from(publicKeyBytes(ALICE))
  await it.pool.query('update home_checks set next_check_at = now() where owner = $1', [alice])
  const homes = async () => (await it.journal.read(0n, 1_000)).filter((e) => e.kind === 'HOME')
  await expect.poll(homes).toMatchObject([{ recordMicros: 1n }, { recordMicros: 2n }])
})
