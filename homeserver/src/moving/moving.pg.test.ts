import {
  blake3,
  encodeImport,
  encodeKeyRule,
  fromUtf8,
  keptList,
  keptPath,
  type MoveAction,
  manifestTree,
  type PublicKeyZ32,
  parseStrictPath,
  revocationPath,
  signManifest,
  signMoveStatement,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeGrant, person, proofHeader, settle } from '../testing/people.ts'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'

let database: TestDatabase
let server: TestServer
const target = person().key

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
  server = await startTestServer(database.url)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

let me: Awaited<ReturnType<typeof settle>>
beforeEach(async () => {
  me = await settle(server)
})

async function say(
  action: MoveAction,
  o: {
    timestamp?: bigint
    to?: PublicKeyZ32
    signer?: typeof me.who.signer
    host?: PublicKeyZ32
  } = {},
) {
  const statement = {
    action,
    timestamp: toMicros(o.timestamp ?? server.now()),
    target: action === 'thaw' ? null : (o.to ?? target),
  }
  const host = o.host ?? server.running.publicKey
  const body = await signMoveStatement(o.signer ?? me.who.signer, host, statement)
  return server.call('POST', '/moving', { headers: { 'pubky-host': me.who.key }, body })
}

const stateOf = async () => {
  const answer = await server.call('GET', '/moving', { headers: { 'pubky-host': me.who.key } })
  return JSON.parse(answer.text)
}

describe('an owner who moves', () => {
  test('freezes the account: reads go on, writes wait, others are not held up', async () => {
    const other = await settle(server)
    expect((await me.put('/pub/a', 'one')).status).toBe(201)
    const frozen = JSON.parse((await say('freeze')).text)
    expect(frozen).toMatchObject({ state: 'moving', to: target })
    expect(Number(frozen.cursor)).toBeGreaterThan(0)
    expect(frozen.thaws_in).toBeGreaterThan(590)
    for (const answer of [await me.put('/pub/a', 'two'), await me.del('/pub/a')]) {
      expect([answer.status, answer.headers['pubky-error']]).toEqual([409, 'moving'])
      expect(answer.headers['retry-after']).toBe('15')
    }
    expect((await me.get('/pub/a')).text).toBe('one')
    expect((await server.call('PUT', `/storage/${me.who.key}/pub/a`, { body: 'x' })).status).toBe(
      401,
    )
    expect((await other.put('/pub/a', 'one')).status).toBe(201)
  })

  test('is told the operator too: what would be changed during a freeze waits', async () => {
    await me.put('/pub/a', 'one')
    await say('freeze')
    const admin = { headers: { 'x-admin-password': 'admin' } }
    const basic = `Basic ${Buffer.from('admin:admin').toString('base64')}`
    const dav = { headers: { authorization: basic } }
    for (const answer of [
      await server.admin('DELETE', `/webdav/${me.who.key}/pub/a`, admin),
      await server.admin('DELETE', `/dav/${me.who.key}/pub/a`, dav),
      await server.admin('PUT', `/dav/${me.who.key}/pub/b`, { ...dav, body: 'two' }),
    ]) {
      expect([answer.status, answer.headers['pubky-error']]).toEqual([409, 'moving'])
      expect(answer.headers['retry-after']).toBe('15')
    }
    expect((await me.get('/pub/a')).text).toBe('one')
    await say('thaw')
    const taken = await server.admin('DELETE', `/webdav/${me.who.key}/pub/a`, admin)
    expect(taken.status).toBe(204)
  })

  test('thaws it, or waits until it thaws by itself', async () => {
    await say('freeze')
    expect((await me.put('/pub/a', 'one')).status).toBe(409)
    expect(JSON.parse((await say('thaw')).text)).toMatchObject({ state: 'here', to: null })
    expect((await me.put('/pub/a', 'one')).status).toBe(201)
    await say('freeze')
    expect((await me.put('/pub/b', 'one')).status).toBe(409)
    await database.pool.query(
      `update moves set frozen_until = now() - interval '1 second'
       where user_id = (select max(user_id) from moves)`,
    )
    expect((await stateOf()).state).toBe('here')
    await expect.poll(async () => (await me.put('/pub/b', 'one')).status).toBe(201)
  })

  test('marks it as moved: writes are told where to, for good', async () => {
    await me.put('/pub/a', 'one')
    await say('moved')
    for (const answer of [
      await me.put('/pub/a', 'two'),
      await me.put('/pub/big', 'x'.repeat(40_000)),
    ]) {
      expect([answer.status, answer.headers['pubky-error']]).toEqual([409, 'moved'])
      expect(answer.headers['pubky-moved-to']).toBe(target)
      expect(answer.text).toContain(target)
    }
    expect((await me.del('/pub/a')).headers['pubky-error']).toBe('moved')
    expect((await me.get('/pub/a')).text).toBe('one')
    // The operator still answers for what lies here.
    const admin = { headers: { 'x-admin-password': 'admin' } }
    const taken = await server.admin('DELETE', `/webdav/${me.who.key}/pub/a`, admin)
    expect(taken.status).toBe(204)
    expect((await me.get('/pub/a')).status).toBe(404)
    expect(await stateOf()).toEqual({ state: 'moved', to: target, thaws_in: null })
  })

  test('no write that is acknowledged after a freeze is missing from what its cursor covers', async () => {
    let cursor = 0
    const late: string[] = []
    const writing = Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const answer = await me.put(`/pub/${i}`, 'x')
        if (answer.status === 201) late.push(`/pub/${i}`)
        else expect(answer.headers['pubky-error']).toBe('moving')
      }),
    )
    cursor = Number(JSON.parse((await say('freeze')).text).cursor)
    await writing
    const { rows } = await database.pool.query(
      `select path, id::int from events
       where user_id = (select id from users where key = $1) order by id`,
      [Buffer.from((await import('@pubky/protocol')).publicKeyBytes(me.who.key))],
    )
    expect(rows.map((row) => row.path).sort()).toEqual(late.sort())
    expect(rows.every((row) => row.id <= cursor)).toBe(true)
  })

  test('is not taken for somebody else, nor by an older or stale statement', async () => {
    const codes = async (answer: Promise<{ status: number; headers: Record<string, unknown> }>) => {
      const { status, headers } = await answer
      return [status, headers['pubky-error']]
    }
    expect(await codes(say('moved', { signer: person().signer }))).toEqual([
      400,
      'invalid_move_statement',
    ])
    expect(await codes(say('moved', { host: target }))).toEqual([400, 'invalid_move_statement'])
    expect(await codes(say('moved', { to: server.running.publicKey }))).toEqual([
      400,
      'invalid_move_statement',
    ])
    const stale = server.now() - 200_000_000n
    expect(await codes(say('moved', { timestamp: stale }))).toEqual([403, 'signature_not_fresh'])
    const now = server.now()
    await say('freeze', { timestamp: now })
    expect(await codes(say('thaw', { timestamp: now - 1n }))).toEqual([409, 'statement_not_newer'])
    expect((await stateOf()).state).toBe('moving')
    const unknown = { headers: { 'pubky-host': person().key } }
    expect((await server.call('GET', '/moving', unknown)).status).toBe(404)
  })
})

describe('an import', () => {
  const old = () => server.now() - 400_000_000_000n
  const path = '/pub/app/a.txt'

  async function importHeader(
    paths: readonly [string, string][],
    signer = me.who.signer,
    at = path,
  ) {
    const entries = await Promise.all(
      paths.map(async ([name, body]) => ({
        path: parseStrictPath(name),
        hash: await blake3(utf8(body)),
      })),
    )
    const tree = manifestTree(entries)
    const manifest = await signManifest(signer, 'pub', tree, toMicros(server.now()))
    const inclusion = tree.prove(parseStrictPath(at)) ?? { index: 0, siblings: [] }
    return { 'pubky-import': encodeImport(manifest, inclusion) }
  }

  const proofOf = (at: string, body: string, signer: typeof me.who.signer, timestamp: bigint) =>
    proofHeader(signer, { owner: me.who.key, path: at, body, timestamp })
  const signed = (body: string, timestamp: bigint, signer = me.who.signer) =>
    proofOf(path, body, signer, timestamp)

  test('takes old proofs of objects that the manifest of the owner lists, and keeps their time', async () => {
    const proof = await signed('hello', old())
    expect((await me.put(path, 'hello', proof)).headers['pubky-error']).toBe('signature_not_fresh')
    const listed = await importHeader([
      [path, 'hello'],
      ['/pub/app/b.txt', 'other'],
    ])
    expect((await me.put(path, 'hello', { ...proof, ...listed })).status).toBe(201)
    expect((await me.get(path)).headers['pubky-signature']).toBe(proof['pubky-signature'])
  })

  test('takes no older proof than the newest known one', async () => {
    await me.put(path, 'newer', await signed('newer', server.now()))
    const listed = await importHeader([[path, 'hello']])
    const answer = await me.put(path, 'hello', { ...(await signed('hello', old())), ...listed })
    expect(answer.headers['pubky-error']).toBe('signature_not_newer')
    expect((await me.get(path)).text).toBe('newer')
  })

  test('takes of a revoked key what its revocation keeps, and nothing else', async () => {
    const iat = Number(old() / 1_000_000n) - 10
    const holder = await makeGrant(server, me.who, { iat, lifetime: 10_000_000 })
    const signer = holder.client.key
    const list = keptList([
      { path: parseStrictPath(path), hash: await blake3(utf8('hello')) },
      { path: parseStrictPath('/pub/app/young.txt'), hash: await blake3(utf8('young')) },
    ])
    const say = async (at: string, body: string) =>
      (await me.put(at, body, await proofOf(at, body, me.who.signer, server.now()))).status
    const rule = { says: 'revoked', signer, at: Number(server.now()), keep: list.root } as const
    expect(await say(revocationPath(signer), fromUtf8(encodeKeyRule(rule)))).toBe(201)
    expect(await say(keptPath(list.root), fromUtf8(encodeKeyRule(list)))).toBe(201)
    const bring = async (
      at: string,
      body: string,
      o: { time?: bigint; listed?: readonly [string, string][] } = {},
    ) => {
      const proof = await proofOf(at, body, holder.signer, o.time ?? old())
      const all = o.listed ?? [
        [path, 'hello'],
        ['/pub/app/young.txt', 'young'],
      ]
      const answer = await me.put(at, body, {
        ...proof,
        ...(await importHeader(all, me.who.signer, at)),
      })
      return answer.headers['pubky-error'] ?? answer.status
    }
    const alone = { listed: [[path, 'hello'] as [string, string]] }
    expect(await bring(path, 'hello', alone)).toBe('proof_key_revoked')
    const young = { time: BigInt(rule.at) + 1n }
    expect(await bring('/pub/app/young.txt', 'young', young)).toBe('proof_key_revoked')
    expect(await bring(path, 'hello')).toBe(201)
  })

  test("takes nothing that is not listed, whose body differs, or whose manifest is another key's", async () => {
    const proof = await signed('hello', old())
    const code = async (headers: Record<string, string>, body = 'hello') =>
      (await me.put(path, body, { ...proof, ...headers })).headers['pubky-error']
    expect(await code(await importHeader([['/pub/app/b.txt', 'x']]))).toBe('import_refused')
    expect(await code(await importHeader([[path, 'else']]))).toBe('import_refused')
    expect(await code(await importHeader([[path, 'hello']]), 'else')).toBe('proof_hash_mismatch')
    expect(await code(await importHeader([[path, 'hello']], person().signer))).toBe(
      'invalid_import',
    )
    // A key that the owner granted signs objects, but no manifests.
    expect(await code(await importHeader([[path, 'hello']], me.holder.signer))).toBe(
      'invalid_import',
    )
    expect(await code({ 'pubky-import': 'noise' })).toBe('invalid_import')
    expect((await me.get(path)).status).toBe(404)
  })
})
