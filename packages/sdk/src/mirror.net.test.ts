import {
  type PublicKeyZ32,
  parseUri,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  toBase64,
  utf8,
} from '@pubky/protocol'
import { startTwoHomes } from '@pubky/testkit/network'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PubkyError } from './errors.ts'
import { type MirrorOptions, type MirrorPlace, mirrorAccount, promoteMirror } from './mirror.ts'
import { openRootSession } from './move-home.ts'
import type { MovePlace, PlaceStore } from './move-types.ts'
import type { Pubky } from './types.ts'

let { net, pubky, first, second } = {} as Awaited<ReturnType<typeof startTwoHomes>>
beforeEach(async () => {
  ;({ net, pubky, first, second } = await startTwoHomes())
})
afterEach(() => net?.[Symbol.asyncDispose]())

function memory<T extends object>(): PlaceStore<T> {
  let kept: T | null = null
  return {
    load: async () => kept,
    save: async (place) => {
      kept = { ...place }
    },
  }
}

async function settled() {
  const root = signerFromKeypair(randomKeypair())
  await pubky.signUp(root, first)
  const session = await openRootSession(pubky, root, first)
  for (let i = 0; i < 6; i += 1)
    await session.storage.put(`/${i % 2 ? 'pub' : 'priv'}/app/${i}`, utf8(`${i}`), { signer: root })
  return { root, session }
}

async function snapshot(root: Signer, home: PublicKeyZ32): Promise<Record<string, string>> {
  const session = await openRootSession(pubky, root, home)
  const found: Record<string, string> = {}
  for (const folder of ['/pub/', '/priv/'])
    for await (const uri of session.storage.list(folder)) {
      const { path } = parseUri(uri)
      if (path.endsWith('/pubky.keys/manifest')) continue
      const meta = await session.storage.head(path)
      found[path] = `${meta?.etag} ${meta?.proof ? toBase64(meta.proof) : 'unsigned'}`
    }
  return found
}

function startMirror(
  root: Signer,
  place = memory<MirrorPlace>(),
  o: Partial<MirrorOptions> & { client?: Pubky } = {},
) {
  const stop = new AbortController()
  const { client = pubky, ...more } = o
  const running = mirrorAccount(client, root, { to: second, place, signal: stop.signal, ...more })
  running.catch(() => {})
  return {
    async end() {
      stop.abort()
      await running
    },
    running,
  }
}

/** Both homes have the same; at first the copy has not even an account. */
async function equal(root: Signer): Promise<void> {
  const isEqual = async () =>
    JSON.stringify(await snapshot(root, second)) === JSON.stringify(await snapshot(root, first))
  await expect.poll(isEqual).toBe(true)
}

describe('a mirror', () => {
  test('is kept fresh, through pauses too, and is promoted with what came last', async () => {
    const { root, session } = await settled()
    const place = memory<MirrorPlace>()
    const mirror = startMirror(root, place)
    await equal(root)
    await session.storage.put('/pub/app/new', utf8('new'), { signer: root })
    await session.storage.put('/priv/app/0', utf8('changed'), { signer: root })
    await session.storage.delete('/pub/app/1')
    await equal(root)
    await mirror.end()
    await session.storage.put('/pub/app/while-away', utf8('x'))
    const again = startMirror(root, place)
    await equal(root)
    await session.storage.put('/pub/app/last', utf8('last'), { signer: root })
    const before = await snapshot(root, first)
    const move = { to: second, place: memory<MovePlace>() }
    expect(await promoteMirror(pubky, root, move)).toMatchObject({ guarantee: 'frozen' })
    await again.end()
    expect(await snapshot(root, second)).toEqual(before)
    expect(await net.client().homeserverOf(root.publicKey)).toBe(second)
  })

  test('becomes the home when the first one is gone', async () => {
    const { root } = await settled()
    const mirror = startMirror(root)
    await equal(root)
    const before = await snapshot(root, first)
    await net.homeservers[0]?.close()
    await mirror.end()
    const move = { to: second, place: memory<MovePlace>() }
    expect(await promoteMirror(pubky, root, move)).toMatchObject({ guarantee: 'mirror' })
    const reader = net.client()
    expect(await reader.homeserverOf(root.publicKey)).toBe(second)
    expect(await snapshot(root, second)).toEqual(before)
  })

  test('becomes the home also when nothing tells any more where the first one was', async () => {
    const { root } = await settled()
    const mirror = startMirror(root)
    await equal(root)
    await mirror.end()
    const client = net.client({
      fetch: (input, init) =>
        new URL(new Request(input).url).pathname === `/${first}`
          ? Promise.resolve(new Response(null, { status: 404 }))
          : fetch(input, init),
    })
    const move = { to: second, place: memory<MovePlace>() }
    expect(await promoteMirror(client, root, move)).toMatchObject({ guarantee: 'mirror' })
    expect(await net.client().homeserverOf(root.publicKey)).toBe(second)
  })

  test('is not taken as it stands while the first home answers', async () => {
    const { root, session } = await settled()
    const mirror = startMirror(root)
    await equal(root)
    await mirror.end()
    await session.storage.put('/pub/app/late', utf8('late'), { signer: root })
    const origin = await pubky.originOf(second)
    let isIll = true
    const client = net.client({
      fetch: (input, init) =>
        isIll && init?.method === 'PUT' && String(input).startsWith(origin)
          ? Promise.resolve(new Response('starting', { status: 503 }))
          : fetch(input, init),
    })
    const move = { to: second, place: memory<MovePlace>() }
    await expect(promoteMirror(client, root, move)).rejects.toMatchObject({ code: 'server' })
    expect(await net.client().homeserverOf(root.publicKey)).toBe(first)
    isIll = false
    expect(await promoteMirror(client, root, move)).toMatchObject({ guarantee: 'frozen' })
    expect((await snapshot(root, second))['/pub/app/late']).toBeDefined()
  })

  test('that holds nothing is not taken for the home that is gone', async () => {
    const { root } = await settled()
    await net.homeservers[0]?.close()
    const move = { to: second, place: memory<MovePlace>() }
    await expect(promoteMirror(pubky, root, move)).rejects.toMatchObject({ code: 'mirror_empty' })
    expect(await net.client().homeserverOf(root.publicKey)).toBe(first)
  })

  test('tells of trouble at the copy, and goes on without waiting for the next change', async () => {
    const { root, session } = await settled()
    const origin = await pubky.originOf(second)
    let isIll = false
    const client = net.client({
      fetch: (input, init) => {
        const isThere = new Request(input).url.startsWith(origin)
        return isThere && isIll
          ? Promise.resolve(new Response('ill', { status: 401 }))
          : fetch(input, init)
      },
    })
    const told: string[] = []
    const mirror = startMirror(root, memory<MirrorPlace>(), {
      client,
      onTrouble: (error) => told.push((error as PubkyError).code),
      onProgress: ({ total }) => told.push(`${total}`),
    })
    await equal(root)
    expect(told).toContain('6')
    isIll = true
    await session.storage.put('/pub/app/late', utf8('late'), { signer: root })
    await expect.poll(() => told).toContain('unauthorized')
    isIll = false
    await equal(root)
    await mirror.end()
  })
})
