import {
  decodeProofHeader,
  encodeProofHeader,
  type PublicKeyZ32,
  parseUri,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  toBase64,
  utf8,
} from '@pubky/protocol'
import { startTwoHomes } from '@pubky/testkit/network'
import { afterAll, describe, expect, test } from 'vitest'
import { moveHome } from './move.ts'
import { openRootSession, tellHome } from './move-home.ts'
import type { MovePlace, PlaceStore } from './move-types.ts'
import type { Pubky, Session } from './types.ts'

const { net, pubky, first, second } = await startTwoHomes()
afterAll(() => net[Symbol.asyncDispose]())

function memoryPlace(): PlaceStore<MovePlace> & { place: MovePlace | null } {
  const store: PlaceStore<MovePlace> & { place: MovePlace | null } = {
    place: null,
    load: async () => store.place && { ...store.place },
    save: async (place) => {
      store.place = { ...place }
    },
  }
  return store
}

/** A person with every kind of object: signed, unsigned, private, large, and objects about keys. */
async function settled(count = 20): Promise<{ root: Signer; session: Session }> {
  const root = signerFromKeypair(randomKeypair())
  await pubky.signUp(root, first)
  const session = await openRootSession(pubky, root, first)
  for (let i = 0; i < count; i += 1) {
    const isPrivate = i % 5 === 4
    const path = `/${isPrivate ? 'priv' : 'pub'}/app/${i % 3}/ä ${i}.txt`
    await session.storage.put(path, utf8(`body ${i}`), { signer: i % 4 === 0 ? null : root })
  }
  await session.storage.put('/pub/app/large.bin', new Uint8Array(9_000_000).fill(7), {
    signer: root,
  })
  await session.storage.put('/pub/app/medium.bin', new Uint8Array(90_000).fill(8))
  const policy = { v: 1, signed: ['/pub/strict/'], since: 1 }
  await session.storage.put('/pub/pubky.keys/policy', utf8(JSON.stringify(policy)), {
    signer: root,
  })
  return { root, session }
}

/** A client to which one home looks as homeservers of older generations do: no proofs, no freezing. */
function clientOfOldHost(old: PublicKeyZ32): Pubky {
  const { urls } = net.homeservers.find(({ publicKey }) => publicKey === old) as {
    urls: { http: string }
  }
  const aged: typeof fetch = async (input, init) => {
    const url = String(input)
    if (!url.startsWith(urls.http)) return fetch(input, init)
    if (url.endsWith('/info')) return Response.json({ features: ['path-addressed-storage'] })
    const headers = new Headers(init?.headers)
    headers.delete('pubky-signature')
    headers.delete('pubky-import')
    const answer = await fetch(input, { ...init, headers })
    const told = new Headers(answer.headers)
    told.delete('pubky-signature')
    return new Response(answer.body, { status: answer.status, headers: told })
  }
  return net.client({ fetch: aged })
}

/** The same proof with another signature. */
function forged(header: string): string {
  const proof = decodeProofHeader(header)
  proof[100] = (proof[100] ?? 0) ^ 1
  return encodeProofHeader(proof)
}

/** Every path with hash and proof, as its owner sees it at one home. */
async function snapshot(root: Signer, home: PublicKeyZ32): Promise<Map<string, string>> {
  const session = await openRootSession(net.client(), root, home)
  const found = new Map<string, string>()
  for (const folder of ['/pub/', '/priv/'])
    for await (const uri of session.storage.list(folder)) {
      const { path } = parseUri(uri)
      if (path.endsWith('/pubky.keys/manifest')) continue
      const meta = await session.storage.head(path)
      found.set(path, `${meta?.etag} ${meta?.proof ? toBase64(meta.proof) : 'unsigned'}`)
    }
  return found
}

describe('moving house', () => {
  test('everything arrives as it was, the record names the new home, the old one tells where to', async () => {
    const { root, session } = await settled()
    const before = await snapshot(root, first)
    const place = memoryPlace()
    const report = await moveHome(pubky, root, { to: second, place })
    expect(report).toMatchObject({ guarantee: 'frozen', oldHomeTold: true, problems: [] })
    expect(await snapshot(root, second)).toEqual(before)
    expect(await net.client().homeserverOf(root.publicKey)).toBe(second)
    await expect(session.storage.put('/pub/app/late.txt', utf8('late'))).rejects.toMatchObject({
      code: 'moved',
    })
    const uri = `pubky://${root.publicKey}/pub/app/0/ä 3.txt`
    expect(await net.client().verifyObject(uri)).toMatchObject({ verdict: 'signed' })
    // Again is nothing new.
    expect(await moveHome(pubky, root, { to: second, place })).toMatchObject({ copied: 0 })
  })

  test('what is written and deleted meanwhile arrives too', async () => {
    const { root, session } = await settled(8)
    let n = 0
    const stop = new AbortController()
    const writing = (async () => {
      while (!stop.signal.aborted) {
        n += 1
        try {
          await session.storage.put(`/pub/busy/${n % 7}`, utf8(`${n}`), {
            signer: n % 2 ? root : null,
          })
          if (n % 5 === 0) await session.storage.delete(`/pub/busy/${n % 7}`)
        } catch {
          return
        }
      }
    })()
    await moveHome(pubky, root, { to: second, place: memoryPlace() })
    stop.abort()
    await writing
    expect(n).toBeGreaterThan(5)
    expect(await snapshot(root, second)).toEqual(await snapshot(root, first))
  })

  test('an object whose proof proves nothing arrives without it', async () => {
    const { root, session } = await settled(3)
    await session.storage.put('/pub/app/odd.txt', utf8('odd'), { signer: root })
    const lying: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      const proof = answer.headers.get('pubky-signature')
      if (!proof || !String(input).includes('odd.txt')) return answer
      const headers = new Headers(answer.headers)
      const isForged = String(input).startsWith(String(net.homeservers[0]?.urls.http))
      if (isForged) headers.set('pubky-signature', forged(proof))
      return new Response(answer.body, { status: answer.status, headers })
    }
    const before = await snapshot(root, first)
    const report = await moveHome(net.client({ fetch: lying }), root, {
      to: second,
      place: memoryPlace(),
    })
    expect(report).toMatchObject({ guarantee: 'frozen', problems: [] })
    const odd = before.get('/pub/app/odd.txt')?.split(' ')[0]
    expect(await snapshot(root, second)).toEqual(before.set('/pub/app/odd.txt', `${odd} unsigned`))
  })

  test('somebody comes back to the home that was left', async () => {
    const { root } = await settled(3)
    await moveHome(pubky, root, { to: second, place: memoryPlace() })
    const there = await openRootSession(pubky, root, second)
    await there.storage.put('/pub/app/new.txt', utf8('new'))
    await moveHome(pubky, root, { to: first, place: memoryPlace() })
    expect(await snapshot(root, first)).toEqual(await snapshot(root, second))
    const back = await openRootSession(pubky, root, first)
    await back.storage.put('/pub/app/newer.txt', utf8('newer'))
  })

  test('a home that cannot freeze is followed, and late writes arrive', async () => {
    const { root, session } = await settled(6)
    const aged = clientOfOldHost(first)
    const store = memoryPlace()
    const place = {
      ...store,
      async save(next: MovePlace) {
        await store.save(next)
        // The record names the new home already.
        if (next.step === 'follow')
          await session.storage.put('/pub/app/late.txt', utf8('late'), { signer: root })
      },
    }
    const report = await moveHome(aged, root, { to: second, place, followMs: 0 })
    // A policy without its proof could be anybody's; it is not taken over.
    const problems = [{ path: '/pub/pubky.keys/policy', code: 'signature_required' }]
    expect(report).toMatchObject({ guarantee: 'followed', oldHomeTold: false, problems })
    const arrived = [...(await snapshot(root, second)).keys()].sort()
    const left = [...(await snapshot(root, first)).keys()].sort()
    expect(arrived).toEqual(left.filter((path) => !path.includes('pubky.keys')))
  })

  test('what an old home took that had thawed before it was told arrives, and the report says so', async () => {
    const { root, session } = await settled(3)
    const store = memoryPlace()
    let hasSlept = false
    const place = {
      ...store,
      async save(next: MovePlace) {
        await store.save(next)
        // The record is published, and the mover has slept for longer than the old home waits.
        if (hasSlept || next.publishedAt === null) return
        hasSlept = true
        await tellHome(pubky, root, first, 'thaw', null)
        await session.storage.put('/pub/app/late.txt', utf8('late'), { signer: root })
      },
    }
    const report = await moveHome(pubky, root, { to: second, place })
    expect(report).toMatchObject({ guarantee: 'followed', oldHomeTold: true, problems: [] })
    expect(await snapshot(root, second)).toEqual(await snapshot(root, first))
    await expect(session.storage.put('/pub/app/later.txt', utf8('x'))).rejects.toMatchObject({
      code: 'moved',
    })
  })

  test('proofs outlive a stay at a home that does not keep them', async () => {
    const { root } = await settled(6)
    const before = await snapshot(root, first)
    const aged = clientOfOldHost(second)
    await moveHome(aged, root, { to: second, place: memoryPlace() })
    const uri = `pubky://${root.publicKey}/pub/app/large.bin`
    expect(await aged.verifyObject(uri)).toMatchObject({ verdict: 'signed' })
    expect((await snapshot(root, second)).get('/pub/app/large.bin')).toContain('unsigned')
    await moveHome(aged, root, { to: first, place: memoryPlace(), followMs: 0 })
    expect(await snapshot(root, first)).toEqual(before)
  })
})
