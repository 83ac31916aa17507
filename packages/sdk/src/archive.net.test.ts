import {
  blake3,
  createObjectProof,
  type PublicKeyZ32,
  parseStrictPath,
  parseUri,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  toBase64,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { startTwoHomes } from '@pubky/testkit/network'
import { afterAll, describe, expect, test } from 'vitest'
import { memoryArchive, readArchive } from './archive.ts'
import { exportAccount } from './archive-export.ts'
import { verifyArchive } from './archive-source.ts'
import { importArchive, moveFromArchive } from './move-archive.ts'
import { openRootSession } from './move-home.ts'
import { createManifestKeeper } from './move-manifest.ts'
import { accountTarget } from './move-target.ts'
import type { MovePlace } from './move-types.ts'

const { net, pubky, first, second } = await startTwoHomes()
afterAll(() => net[Symbol.asyncDispose]())

const text = (n: number) => utf8(`body ${n}`)

/** An object that was signed long ago, as after years at one home. */
async function putOld(root: Signer, path: string, body: Uint8Array) {
  const session = await openRootSession(pubky, root, first)
  const host = await pubky.hosts.find(first)
  const manifests = createManifestKeeper(root, () => host.clock.next())
  const target = accountTarget({ session, host, owner: root, manifests })
  const at = parseStrictPath(path)
  const hash = await blake3(body)
  const proof = await createObjectProof(root, {
    owner: root.publicKey,
    action: 'PUT',
    path: at,
    hash,
    timestamp: toMicros(1_600_000_000_000_000n),
  })
  manifests.set(at, hash)
  const meta = { path: at, hash, size: body.length, proof, lastModified: new Date() }
  await target.put(at, async () => ({ ...meta, body }))
}

async function settled() {
  const root = signerFromKeypair(randomKeypair())
  await pubky.signUp(root, first)
  const session = await openRootSession(pubky, root, first)
  for (let i = 0; i < 12; i += 1)
    await session.storage.put(`/${i % 3 ? 'pub' : 'priv'}/app/${i}`, text(i), {
      signer: i % 2 ? root : null,
    })
  await session.storage.put('/pub/app/large', new Uint8Array(9_000_000).fill(1), { signer: root })
  await session.storage.put('/pub/app/empty', new Uint8Array())
  for (let i = 0; i < 3; i += 1) await putOld(root, `/pub/old/${i}`, text(i))
  return { root, session }
}

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

function keepPlace() {
  let kept: MovePlace | null = null
  return {
    load: async () => kept,
    save: async (place: MovePlace) => {
      kept = { ...place }
    },
  }
}

test('what was deleted at the target and written again at the source meanwhile is not kept out', async () => {
  const root = signerFromKeypair(randomKeypair())
  await pubky.signUp(root, first)
  const session = await openRootSession(pubky, root, first)
  const host = await pubky.hosts.find(first)
  const manifests = createManifestKeeper(root, () => host.clock.next())
  const target = accountTarget({ session, host, owner: root, manifests })
  const path = parseStrictPath('/pub/app/again')
  const objectOf = async (body: Uint8Array) => {
    const hash = await blake3(body)
    const timestamp = host.clock.next()
    const proof = await createObjectProof(root, {
      owner: root.publicKey,
      action: 'PUT',
      path,
      hash,
      timestamp,
    })
    return { path, hash, size: body.length, proof, lastModified: new Date(), body }
  }
  const [one, two] = [await objectOf(text(1)), await objectOf(text(2))]
  expect(await target.put(path, async () => one)).toBe('copied')
  await target.delete(path)
  expect(await target.put(path, async () => two)).toBe('copied')
  expect((await target.head(path))?.proof).toEqual(two.proof)
})

describe('an archive', () => {
  test('holds everything, is verified by anybody, and moves an account whose home is gone', async () => {
    const { root } = await settled()
    const before = await snapshot(root, first)
    const file = memoryArchive()
    expect(await exportAccount(pubky, root, { file })).toEqual({ objects: 17, added: 17 })
    expect(await verifyArchive(file)).toMatchObject({
      owner: root.publicKey,
      homeserver: first,
      objects: 17,
      signed: 11,
    })
    const report = await moveFromArchive(pubky, root, { to: second, file, place: keepPlace() })
    expect(report).toMatchObject({ guarantee: 'archive', copied: 17, problems: [] })
    expect(await snapshot(root, second)).toEqual(before)
    expect(await net.client().homeserverOf(root.publicKey)).toBe(second)
  })

  test('is brought up to date by exporting again', async () => {
    const { root, session } = await settled()
    const file = memoryArchive()
    await exportAccount(pubky, root, { file })
    expect(await exportAccount(pubky, root, { file })).toEqual({ objects: 17, added: 0 })
    await session.storage.put('/pub/app/1', text(100))
    await session.storage.delete('/pub/app/2')
    await session.storage.put('/pub/app/new', text(101))
    expect(await exportAccount(pubky, root, { file })).toEqual({ objects: 17, added: 3 })
    await importArchive(pubky, root, { to: second, file })
    expect(await snapshot(root, second)).toEqual(await snapshot(root, first))
    // The record was left alone.
    expect(await net.client().homeserverOf(root.publicKey)).toBe(first)
  })

  test('that was cut anywhere is completed', async () => {
    const { root } = await settled()
    const file = memoryArchive()
    await exportAccount(pubky, root, { file })
    const whole = file.bytes()
    for (const share of [0, 0.00000001, 0.00002, 0.01, 0.5, 0.9999, 0.999999]) {
      const cut = memoryArchive(whole.slice(0, Math.floor(whole.length * share)))
      await expect(verifyArchive(cut)).rejects.toMatchObject({ code: 'archive_incomplete' })
      await exportAccount(pubky, root, { file: cut })
      expect(await verifyArchive(cut)).toMatchObject({ objects: 17, signed: 11 })
    }
    const zeros = memoryArchive(whole.slice())
    zeros.bytes().fill(0, whole.length - 200_000)
    await exportAccount(pubky, root, { file: zeros })
    expect(await verifyArchive(zeros)).toMatchObject({ objects: 17 })
  })

  test('that was changed in any way is refused', async () => {
    const { root } = await settled()
    const file = memoryArchive()
    await exportAccount(pubky, root, { file })
    const whole = file.bytes()
    for (let i = 0; i < 40; i += 1) {
      const changed = whole.slice()
      const at = Math.floor((whole.length / 40) * i + 11)
      changed[at] = (changed[at] ?? 0) ^ 1
      const refused = verifyArchive(memoryArchive(changed))
      await expect(refused).rejects.toMatchObject({
        code: expect.stringMatching(/^archive_(invalid|incomplete)$/),
      })
    }
    const other = signerFromKeypair(randomKeypair())
    await expect(importArchive(pubky, other, { to: second, file })).rejects.toMatchObject({
      code: 'archive_invalid',
    })
    await expect(verifyArchive(memoryArchive(utf8('something else')))).rejects.toMatchObject({
      code: 'archive_invalid',
    })
  })

  test('replaces what was signed earlier, whenever that was stored', async () => {
    const { root, session } = await settled()
    const [earlier, later] = [memoryArchive(), memoryArchive()]
    await exportAccount(pubky, root, { file: earlier })
    await session.storage.put('/pub/app/1', utf8('later'), { signer: root })
    await exportAccount(pubky, root, { file: later })
    await importArchive(pubky, root, { to: second, file: earlier })
    const counts = await importArchive(pubky, root, { to: second, file: later })
    expect(counts).toMatchObject({ copied: 1, newer: 0, problems: [] })
    expect(await snapshot(root, second)).toEqual(await snapshot(root, first))
    // And not the other way round.
    expect(await importArchive(pubky, root, { to: second, file: earlier })).toMatchObject({
      copied: 0,
      newer: 1,
    })
  })

  test('whose body is damaged brings all the others, and says which one is missing', async () => {
    const { root } = await settled()
    const before = await snapshot(root, first)
    const file = memoryArchive()
    await exportAccount(pubky, root, { file })
    const { objects } = await readArchive(file)
    const damaged = ['/pub/app/5', '/pub/app/large'].map(parseStrictPath)
    for (const path of damaged) {
      const at = objects.get(path)?.at ?? 0
      file.bytes()[at] = (file.bytes()[at] ?? 0) ^ 1
    }
    const report = await moveFromArchive(pubky, root, { to: second, file, place: keepPlace() })
    const problems = damaged.map((path) => ({ path, code: 'archive_invalid' }))
    expect(report).toMatchObject({ copied: 15, problems: expect.arrayContaining(problems) })
    for (const path of damaged) before.delete(path)
    expect(await snapshot(root, second)).toEqual(before)
    // What was not brought is not listed as if it were there.
    const manifest = await net
      .client()
      .storage.get(`pubky://${root.publicKey}/pub/pubky.keys/manifest`)
    const { count } = await new Response(manifest.body).json()
    const listed = [...before.keys()].filter((path) => path.startsWith('/pub/'))
    expect(count).toBe(listed.length)
  })

  test('brings back what is missing and leaves what is newer', async () => {
    const { root, session } = await settled()
    const file = memoryArchive()
    await exportAccount(pubky, root, { file })
    await session.storage.delete('/pub/app/2')
    await session.storage.put('/pub/app/1', utf8('newer'), { signer: root })
    await session.storage.put('/pub/app/4', utf8('newer'))
    await session.storage.put('/pub/app/more', utf8('more'))
    const counts = await importArchive(pubky, root, { to: first, file })
    expect(counts).toMatchObject({ copied: 1, newer: 2, deleted: 0, problems: [] })
    const found = await snapshot(root, first)
    expect(found.get('/pub/app/4')).toContain(toBase64(await blake3(utf8('newer'))))
    expect(found.has('/pub/app/more')).toBe(true)
  })
})
