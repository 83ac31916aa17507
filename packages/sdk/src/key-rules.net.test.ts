import {
  blake3,
  encodeKeyRule,
  keptList,
  keptPath,
  parsePolicy,
  parseStrictPath,
  policyTextOf,
  randomKeypair,
  revocationPath,
  type Signer,
  signerFromKeypair,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { startTwoHomes } from '@pubky/testkit/network'
import { afterAll, describe, expect, test } from 'vitest'
import { revokeSigner, setPolicy } from './key-rules.ts'
import { moveHome } from './move.ts'
import { openRootSession } from './move-home.ts'
import type { MovePlace } from './move-types.ts'
import { publishHomeserver } from './pkarr/publish.ts'
import { signUpAt } from './sign-up.ts'
import type { Pubky, Session } from './types.ts'

const { net, pubky, first, second } = await startTwoHomes()
afterAll(() => net[Symbol.asyncDispose]())

interface Owner {
  root: Signer
  session: Session
  /** Signs for the owner, with a grant. */
  phone: Signer
  put(name: string, text: string, signer: Signer | null): Promise<unknown>
  verdict(name: string, client?: Pubky): Promise<string>
}

async function settled(): Promise<Owner> {
  const root = signerFromKeypair(randomKeypair())
  await pubky.signUp(root, first)
  const session = await openRootSession(pubky, root, first)
  const pair = randomKeypair()
  const at = toMicros(BigInt(Date.now() - 60_000) * 1000n)
  const grant = await pubky.grant(root, pair.publicKey, {
    clientId: 'phone',
    capabilities: '/:rw',
    at,
  })
  return {
    root,
    session,
    phone: signerFromKeypair(pair, grant),
    put: (name, text, signer) => session.storage.put(`/pub/app/${name}`, utf8(text), { signer }),
    verdict: async (name, client = net.client()) =>
      (await client.verifyObject(`pubky://${root.publicKey}/pub/app/${name}`)).verdict,
  }
}

async function textOf({ storage }: Session, name: string): Promise<string> {
  return new Response((await storage.get(`/pub/app/${name}`)).body as BodyInit).text()
}

/** A client to which the homeservers hide some paths. */
function blindFor(part: string): Pubky {
  return net.client({
    fetch: async (input, init) =>
      String(input).includes(part) ? new Response('', { status: 404 }) : fetch(input, init),
  })
}

describe('a policy', () => {
  test('makes what is unsigned stripped, also for those to whom the homeserver hides it', async () => {
    const { root, put, verdict } = await settled()
    await put('early', 'x', null)
    expect(await verdict('early')).toBe('unsigned')
    const signed = [parseStrictPath('/pub/app/')]
    await setPolicy(pubky, root, { signed, since: toMicros(1n) })
    await expect(put('late', 'x', null)).rejects.toMatchObject({ code: 'signature_required' })
    await put('late', 'x', root)
    for (const client of [net.client(), blindFor('pubky.keys')]) {
      expect(await verdict('early', client)).toBe('stripped')
      expect(await verdict('late', client)).toBe('signed')
    }
    expect(await pubky.homeserverOf(root.publicKey, { policy: 'network-only' })).toBe(first)
  })

  test('stays in the record when the home changes, until it is taken back', async () => {
    const { root, put, verdict } = await settled()
    await put('a', 'x', null)
    await setPolicy(pubky, root, { signed: [parseStrictPath('/pub/app/')], since: toMicros(1n) })
    await publishHomeserver(pubky.pkarr, root, first)
    const text = async () => {
      const packet = await net.client().resolve(root.publicKey, { policy: 'network-only' })
      return packet && policyTextOf(packet)
    }
    expect(parsePolicy((await text()) ?? utf8('')).signed).toEqual(['/pub/app/'])
    await setPolicy(pubky, root, { signed: [] })
    expect(await text()).toBeNull()
    expect(await verdict('a')).toBe('unsigned')
    await put('b', 'x', null)
  })

  test('has to fit into the record', async () => {
    const { root } = await settled()
    const signed = [
      parseStrictPath(`/pub/${'a'.repeat(250)}/${'b'.repeat(250)}/${'c'.repeat(200)}`),
    ]
    await expect(setPolicy(pubky, root, { signed })).rejects.toMatchObject({ code: 'too_large' })
  })
})

describe('a revocation', () => {
  test('keeps what the key signed before, for those too who see it later, and nothing else', async () => {
    const { root, phone, put, verdict } = await settled()
    await put('kept', 'x', phone)
    await put('mine', 'x', root)
    expect(await verdict('kept')).toBe('signed')
    const looked: { done: number; total: number }[] = []
    const onProgress = (one: { done: number; total: number }) => looked.push(one)
    expect(await revokeSigner(pubky, root, phone.publicKey, { onProgress })).toEqual({
      kept: 1,
      signedAnew: 0,
    })
    expect(looked).toEqual([
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ])
    await expect(put('more', 'x', phone)).rejects.toMatchObject({ code: 'signature_revoked' })
    expect(await verdict('kept')).toBe('signed')
    expect(await verdict('mine')).toBe('signed')
    // Who is not shown the list believes only the owner.
    expect(await verdict('kept', blindFor('/kept/'))).toBe('revoked')
  })

  test('of more than a list holds signs the smallest anew, goes on after an interruption, and loses no change', async () => {
    const { root, phone, put, verdict, session } = await settled()
    const names = Array.from({ length: 12 }, (_, i) => `n${i}`)
    for (const [i, name] of names.entries()) await put(name, 'x'.repeat(i + 1), phone)
    const stop = new AbortController()
    const cut = revokeSigner(pubky, root, phone.publicKey, {
      maxKept: 4,
      signal: stop.signal,
      onProgress: ({ done, total }) => done > total - 5 && total > 12 && stop.abort(),
    })
    await expect(cut).rejects.toThrow()
    const signerOf = async (name: string) =>
      (await net.client().verifyObject(`pubky://${root.publicKey}/pub/app/${name}`)).signer
    const signers = async () => Promise.all(names.map(signerOf))
    const left = (await signers()).filter((key) => key === phone.publicKey).length
    expect(left).toBeGreaterThanOrEqual(4)
    expect(left).toBeLessThan(12)
    expect(await verdict('n0')).toBe('signed')
    const rest = await revokeSigner(pubky, root, phone.publicKey, { maxKept: 4 })
    // What was on its way when it was cut off may have arrived after all.
    expect(rest.kept - rest.signedAnew).toBe(4)
    expect(rest.kept).toBeLessThanOrEqual(left)
    expect(await signers()).toEqual(names.map((_, i) => (i < 8 ? root : phone).publicKey))
    for (const [i, name] of names.entries()) {
      expect(await verdict(name)).toBe('signed')
      expect(await textOf(session, name)).toBe('x'.repeat(i + 1))
    }
  })

  test('signs nothing anew that a homeserver only says another key has signed, and no older body over a newer', async () => {
    const { root, phone, put, session } = await settled()
    await put('forged', 'x', phone)
    await put('changed', 'a', phone)
    let changes = 0
    const lying = net.client({
      async fetch(input, init) {
        const target = String(input)
        const isGet = (init?.method ?? 'GET') === 'GET'
        const response = await fetch(input, init)
        if (isGet && target.endsWith('/pub/app/forged') && response.ok) {
          const headers = new Headers(response.headers)
          headers.set('etag', `"${Buffer.from(await blake3(utf8('y'))).toString('base64')}"`)
          headers.set('content-length', '1')
          return new Response('y', { status: 200, headers })
        }
        if (isGet && target.endsWith('/pub/app/changed') && changes === 0) {
          changes += 1
          await put('changed', 'b', null)
        }
        return response
      },
    })
    await revokeSigner(lying, root, phone.publicKey, { maxKept: 0 })
    expect([await textOf(session, 'forged'), await textOf(session, 'changed')]).toEqual(['x', 'b'])
    const found = await net.client().verifyObject(`pubky://${root.publicKey}/pub/app/forged`)
    expect(found.verdict).toBe('revoked')
    expect(changes).toBe(1)
  })

  test('says revoked of what is younger than it allows', async () => {
    const { root, phone, put, verdict } = await settled()
    await put('young', 'x', phone)
    const at = toMicros(BigInt(Date.now() - 30_000) * 1000n)
    expect(await revokeSigner(pubky, root, phone.publicKey, { at })).toMatchObject({ kept: 0 })
    expect(await verdict('young')).toBe('revoked')
  })

  test('that the new home knows before the objects lets those arrive that it keeps', async () => {
    const { root, phone, put } = await settled()
    await put('kept', 'x', phone)
    await put('other', 'y', phone)
    await signUpAt(pubky.hosts, root, second, {})
    const there = await openRootSession(pubky, root, second)
    const signer = phone.publicKey
    const path = parseStrictPath('/pub/app/kept')
    const list = keptList([{ path, hash: await blake3(utf8('x')) }])
    const rule = { says: 'revoked', signer, at: Date.now() * 1000, keep: list.root } as const
    for (const [at, said] of [
      [keptPath(list.root), list],
      [revocationPath(signer), rule],
    ] as const)
      await there.storage.put(at, encodeKeyRule(said), { signer: root })
    let place: MovePlace | null = null
    const store = {
      load: async () => place,
      save: async (next: MovePlace) => {
        place = { ...next }
      },
    }
    const report = await moveHome(pubky, root, { to: second, place: store })
    expect(report).toMatchObject({ guarantee: 'frozen', problems: [] })
    const found = (name: string) =>
      net.client().verifyObject(`pubky://${root.publicKey}/pub/app/${name}`)
    expect(await found('kept')).toMatchObject({ verdict: 'signed', signer })
    expect(await found('other')).toMatchObject({ verdict: 'unsigned', body: utf8('y') })
  })
})
