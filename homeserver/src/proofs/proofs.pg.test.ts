import {
  encodeKeyRule,
  fromBase64Url,
  fromUtf8,
  keptList,
  keptPath,
  parseStrictPath,
  type StoragePath,
  verifyObjectProof,
} from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import { makeGrant, person, proofHeader, settle } from '../testing/people.ts'
import { startTestServer } from '../testing/server.ts'

const { database, server } = await oneServer()

type Settled = Awaited<ReturnType<typeof settle>>

async function eventCount({ who }: Settled): Promise<number> {
  const { text } = await server.call('GET', `/events-stream?user=${who.key}`)
  return text.split('\n\n').filter((frame) => frame !== '').length
}

const PATH = '/pub/app/x'

describe('a signed file', () => {
  test('is served with its proof, on GET, HEAD, 304 and in both feeds', async () => {
    const ann = await settle(server)
    const o = { owner: ann.who.key, path: PATH, body: 'hello', timestamp: server.now() }
    const header = await proofHeader(ann.holder.signer, o)
    expect((await ann.put(PATH, 'hello', header)).status).toBe(201)
    const got = await ann.get(PATH)
    expect(got.headers).toMatchObject(header)
    const target = `/storage/${ann.who.key}${PATH}`
    expect((await server.call('HEAD', target)).headers).toMatchObject(header)
    const unchanged = await ann.get(PATH, { 'if-none-match': got.headers.etag ?? '' })
    expect([unchanged.status, unchanged.headers['pubky-signature']]).toEqual([
      304,
      header['pubky-signature'],
    ])
    const proof = fromBase64Url(String(got.headers['pubky-signature']))
    await verifyObjectProof(proof, { owner: ann.who.key, action: 'PUT', path: PATH as StoragePath })
    const stream = await server.call('GET', `/events-stream?user=${ann.who.key}`)
    expect(stream.text).toContain(`data: proof: ${header['pubky-signature']}`)
  })

  test('by a delegate needs a grant that covers path and time', async () => {
    const ann = await settle(server)
    const refusedAs = async (holder: Awaited<ReturnType<typeof makeGrant>>) => {
      const o = { owner: ann.who.key, path: PATH, body: 'x', timestamp: server.now() }
      const answer = await ann.put(PATH, 'x', await proofHeader(holder.signer, o))
      return [answer.status, answer.headers['pubky-error']]
    }
    const narrow = await makeGrant(server, ann.who, { caps: ['/pub/app:rw', '/pub/other/:rw'] })
    expect(await refusedAs(narrow)).toEqual([403, 'invalid_proof_certificate'])
    const readOnly = await makeGrant(server, ann.who, { caps: ['/pub/app/:r'] })
    expect(await refusedAs(readOnly)).toEqual([403, 'invalid_proof_certificate'])
    const early = await makeGrant(server, ann.who, { iat: Number(server.now() / 1_000_000n) + 50 })
    expect(await refusedAs(early)).toEqual([403, 'invalid_proof_certificate'])
    const late = await makeGrant(server, ann.who, {
      iat: Number(server.now() / 1_000_000n) - 100,
      lifetime: 50,
    })
    expect(await refusedAs(late)).toEqual([403, 'invalid_proof_certificate'])
    const stranger = await makeGrant(server, person())
    expect(await refusedAs(stranger)).toEqual([403, 'invalid_proof_certificate'])
    expect(await eventCount(ann)).toBe(0)
  })

  test('with a proof about something else is refused by name', async () => {
    const ann = await settle(server)
    const o = { owner: ann.who.key, path: PATH, body: 'x', timestamp: server.now() }
    const codeOf = async (header: Record<string, string>, body = 'x', path = PATH) => {
      const answer = await ann.put(path, body, header)
      return [answer.status, answer.headers['pubky-error']]
    }
    const sign = (change: Partial<typeof o>) => proofHeader(ann.who.signer, { ...o, ...change })
    const good = await sign({})
    expect(await codeOf(good, 'y')).toEqual([403, 'proof_hash_mismatch'])
    expect(await codeOf(good, 'y'.repeat(20_000))).toEqual([403, 'proof_hash_mismatch'])
    expect(await codeOf(good, 'x', '/pub/app/y')).toEqual([403, 'invalid_proof_signature'])
    const bob = person()
    const foreign = await proofHeader(bob.signer, { ...o, owner: bob.key })
    expect(await codeOf(foreign)).toEqual([403, 'invalid_proof_signature'])
    const deletion = await proofHeader(ann.who.signer, { ...o, body: null })
    expect(await codeOf(deletion)).toEqual([403, 'proof_action_mismatch'])
    const text = good['pubky-signature'] ?? ''
    for (const bad of [
      '',
      'x',
      `${text}=`,
      `${text}AA`,
      text.slice(0, -4),
      'A'.repeat(4097),
      '%%%',
    ])
      expect(await codeOf({ 'pubky-signature': bad })).toEqual([400, 'malformed_proof'])
    const twisted = Buffer.from(text, 'base64url')
    twisted[100] = (twisted[100] ?? 0) ^ 1
    expect(await codeOf({ 'pubky-signature': twisted.toString('base64url') })).toEqual([
      403,
      'invalid_proof_signature',
    ])
    expect(await eventCount(ann)).toBe(0)
    const { rows } = await database.pool.query('select 1 from orphan_candidates')
    expect(rows).toHaveLength(0)
  })
})

describe('time', () => {
  test('a repetition is acknowledged without an event, before every condition', async () => {
    const ann = await settle(server)
    const o = { owner: ann.who.key, path: PATH, body: 'x', timestamp: server.now() }
    const header = { ...(await proofHeader(ann.who.signer, o)), 'if-none-match': '*' }
    for (let i = 0; i < 3; i += 1) expect((await ann.put(PATH, 'x', header)).status).toBe(201)
    expect(await eventCount(ann)).toBe(1)
    const deletion = await proofHeader(ann.who.signer, {
      ...o,
      body: null,
      timestamp: server.now() + 1n,
    })
    for (let i = 0; i < 3; i += 1) expect((await ann.del(PATH, deletion)).status).toBe(204)
    expect(await eventCount(ann)).toBe(2)
    const gone = await ann.get(PATH)
    expect([gone.status, gone.headers['pubky-signature']]).toEqual([
      404,
      deletion['pubky-signature'],
    ])
  })

  test('an older proof never comes back, not after deletion nor after an unsigned write', async () => {
    const ann = await settle(server)
    const now = server.now()
    const sign = (body: string | null, timestamp: bigint) =>
      proofHeader(ann.who.signer, { owner: ann.who.key, path: PATH, body, timestamp })
    expect((await ann.put(PATH, 'new', await sign('new', now))).status).toBe(201)
    const old = await ann.put(PATH, 'old', await sign('old', now - 5n))
    expect([old.status, JSON.parse(old.text)]).toEqual([409, { timestamp: Number(now) }])
    expect((await ann.put(PATH, 'same time', await sign('same time', now))).status).toBe(409)
    await ann.put(PATH, 'unsigned')
    expect((await ann.get(PATH)).headers['pubky-signature']).toBeUndefined()
    expect((await ann.put(PATH, 'new', await sign('new', now))).status).toBe(409)
    await ann.del(PATH)
    expect((await ann.put(PATH, 'new', await sign('new', now))).status).toBe(409)
    expect((await ann.put(PATH, 'newer', await sign('newer', now + 1n))).status).toBe(201)
  })

  test('a proof far from the clock is refused with the clock, unless it is the stored one', async () => {
    await using late = await startTestServer(database.url, { isStill: true })
    const ann = await settle(late)
    const at = (offset: bigint, body: string) =>
      proofHeader(ann.who.signer, {
        owner: ann.who.key,
        path: PATH,
        body,
        timestamp: late.now() + offset,
      })
    for (const offset of [-185_000_000n, 185_000_000n]) {
      const answer = await ann.put(PATH, 'x', await at(offset, 'x'))
      expect([answer.status, answer.headers['pubky-error']]).toEqual([403, 'signature_not_fresh'])
      const told = BigInt(JSON.parse(answer.text).server_time)
      expect(told).toBe(late.now())
    }
    const header = await at(0n, 'x')
    expect((await ann.put(PATH, 'x', header)).status).toBe(201)
    late.travel(600)
    expect((await ann.put(PATH, 'x', header)).status).toBe(201)
    await ann.put(PATH, 'y')
    expect((await ann.put(PATH, 'x', header)).status).toBe(409)
  })

  test('of 32 writers with one path the newest proof wins, one event for each that was taken', async () => {
    const ann = await settle(server)
    const now = server.now()
    const writes = await Promise.all(
      Array.from({ length: 32 }, async (_, i) => {
        const body = `version ${i}`
        const o = { owner: ann.who.key, path: PATH, body, timestamp: now + BigInt(i) }
        return { body, header: await proofHeader(ann.who.signer, o) }
      }),
    )
    const answers = await Promise.all(writes.map(({ body, header }) => ann.put(PATH, body, header)))
    expect((await ann.get(PATH)).text).toBe('version 31')
    const taken = answers.filter(({ status }) => status === 201).length
    expect(taken + answers.filter(({ status }) => status === 409).length).toBe(32)
    expect(await eventCount(ann)).toBe(taken)
  })
})

describe('objects about keys', () => {
  const policy = (signed: string[]) => JSON.stringify({ v: 1, signed, since: 1 })

  async function putBy(ann: Settled, path: string, body: string, signer = ann.who.signer) {
    const o = { owner: ann.who.key, path, body, timestamp: server.now() }
    return ann.put(path, body, await proofHeader(signer, o))
  }

  test('are written by the owner key only, never deleted', async () => {
    const ann = await settle(server)
    const path = '/pub/pubky.keys/policy'
    const body = policy(['/pub/app/'])
    const codes = async (answer: Awaited<ReturnType<Settled['put']>>) => [
      answer.status,
      answer.headers['pubky-error'],
    ]
    expect(await codes(await ann.put(path, body))).toEqual([403, 'signature_required'])
    expect(await codes(await putBy(ann, path, body, ann.holder.signer))).toEqual([
      403,
      'owner_signature_required',
    ])
    expect((await putBy(ann, path, body)).status).toBe(201)
    const o = { owner: ann.who.key, path, body: null, timestamp: server.now() }
    expect(await codes(await ann.del(path, await proofHeader(ann.who.signer, o)))).toEqual([
      403,
      'key_object_permanent',
    ])
  })

  test('have known names, a known form and at most 64 KiB', async () => {
    const ann = await settle(server)
    const key = person().key
    for (const [path, body] of [
      ['/pub/pubky.keys/other', '{"v":1}'],
      ['/pub/pubky.keys/revoked/nobody', '{"v":1,"at":1,"keep":null}'],
      ['/pub/pubky.keys/policy', 'x'],
      ['/pub/pubky.keys/policy', '[]'],
      ['/pub/pubky.keys/policy', '{"v":2,"signed":[],"since":1}'],
      ['/pub/pubky.keys/policy', '{"v":1,"signed":["/../x"],"since":1}'],
      ['/pub/pubky.keys/policy', '{"v":1,"signed":["/etc/"],"since":1}'],
      ['/pub/pubky.keys/policy', '{"v":1,"signed":"/pub/","since":1}'],
      [`/pub/pubky.keys/revoked/${key}`, '{"v":1,"at":"now","keep":null}'],
      ['/pub/pubky.keys/manifest', '{"v":1,"as_of":1}'],
    ] as const) {
      const answer = await putBy(ann, path, body)
      expect([path, body, answer.status, answer.headers['pubky-error']]).toEqual([
        path,
        body,
        400,
        'invalid_key_object',
      ])
    }
    const long = await putBy(ann, '/pub/pubky.keys/policy', policy([`/pub/${' '.repeat(70_000)}`]))
    expect(long.status).toBe(413)
    const manifest = JSON.stringify({ v: 1, root: 'x', as_of: 1, filler: 'x'.repeat(60_000) })
    expect((await putBy(ann, '/pub/pubky.keys/manifest', manifest)).status).toBe(201)
    expect((await ann.get('/pub/pubky.keys/manifest')).text).toBe(manifest)
    expect((await putBy(ann, '/priv/pubky.keys/manifest', manifest)).status).toBe(201)
  })

  test('a policy makes unsigned writes below its paths 403, until another replaces it', async () => {
    const ann = await settle(server)
    await putBy(ann, '/pub/pubky.keys/policy', policy(['/pub/app/', '/pub/file']))
    for (const path of ['/pub/app/x', '/pub/file', '/pub/app/deep/y']) {
      const small = await ann.put(path, 'x')
      expect([small.status, small.headers['pubky-error']]).toEqual([403, 'signature_required'])
      expect((await ann.put(path, 'x'.repeat(40_000))).status).toBe(403)
    }
    for (const path of ['/pub/app2', '/pub/other', '/pub/file2'])
      expect((await ann.put(path, 'x')).status).toBe(201)
    expect((await putBy(ann, '/pub/app/x', 'x', ann.holder.signer)).status).toBe(201)
    expect((await ann.del('/pub/app/x')).status).toBe(403)
    await putBy(ann, '/pub/pubky.keys/policy', policy([]))
    expect((await ann.put('/pub/app/x', 'x')).status).toBe(201)
  })

  test('a policy counts from its time on', async () => {
    const ann = await settle(server)
    const since = (Date.now() + 3_600_000) * 1000
    const later = JSON.stringify({ v: 1, signed: ['/pub/app/'], since })
    await putBy(ann, '/pub/pubky.keys/policy', later)
    expect((await ann.put('/pub/app/x', 'x')).status).toBe(201)
    expect((await ann.put('/pub/app/y', 'x'.repeat(2_000_000))).status).toBe(201)
    await putBy(ann, '/pub/pubky.keys/policy', later.replace(String(since), '5'))
    expect((await ann.put('/pub/app/x', 'y')).status).toBe(403)
  })

  test('a list of what a revocation keeps has the name of its root', async () => {
    const ann = await settle(server)
    const hash = new Uint8Array(32)
    const paths = Array.from({ length: 5000 }, (_, n) => parseStrictPath(`/pub/app/${n}`))
    const list = keptList(paths.map((path) => ({ path, hash })))
    const body = fromUtf8(encodeKeyRule(list))
    expect((await putBy(ann, keptPath(list.root), body)).status).toBe(201)
    expect((await ann.get(keptPath(list.root))).text).toBe(body)
    const other = await putBy(ann, keptPath('A'.repeat(43)), body)
    expect([other.status, other.headers['pubky-error']]).toEqual([400, 'invalid_key_object'])
  })

  test('a revoked key signs nothing more', async () => {
    const ann = await settle(server)
    const { client, signer } = await makeGrant(server, ann.who)
    expect((await putBy(ann, '/pub/a', 'x', signer)).status).toBe(201)
    const revoked = JSON.stringify({ v: 1, at: Number(server.now()), keep: null })
    await putBy(ann, `/pub/pubky.keys/revoked/${client.key}`, revoked)
    const answer = await putBy(ann, '/pub/b', 'x', signer)
    expect([answer.status, answer.headers['pubky-error']]).toEqual([403, 'proof_key_revoked'])
    expect((await putBy(ann, '/pub/b', 'x')).status).toBe(201)
  })
})
