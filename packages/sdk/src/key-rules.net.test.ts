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
    expect(await revokeSigner(pubky, root, phone.publicKey, { onProgress })).toEqual({ kept: 1 })
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

  test('says revoked of what is younger than it allows', async () => {
    const { root, phone, put, verdict } = await settled()
    await put('young', 'x', phone)
    const at = toMicros(BigInt(Date.now() - 30_000) * 1000n)
    expect(await revokeSigner(pubky, root, phone.publicKey, { at })).toEqual({ kept: 0 })
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
