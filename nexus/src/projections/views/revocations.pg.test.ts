import { encodeKeyRule, keptList, keptPath, revocationPath } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { hashOf, PHONE } from './fixture.ts'
import { ANN, expectTheSameAnew, type Story, tellStories } from './story.ts'

let story: Story
const world = await tellStories((fresh) => {
  story = fresh
})

const VERDICTS = ['unsigned', 'signed', 'stripped', 'revoked']
const path = revocationPath(PHONE.publicKey)
const revocation = (at: number, keep: string | null = null) => ({
  path,
  body: encodeKeyRule({ says: 'revoked', signer: PHONE.publicKey, at, keep }),
})

/** What a post says and how it is judged; `gone` without a live one. */
async function shown(key: string): Promise<string> {
  const row = await story.postRow(key)
  return row?.visible && row.content !== '[DELETED]'
    ? `${row.content}, ${VERDICTS[Number(row.verdict)]}`
    : 'gone'
}

const owner = (content: string, proof: number) => ({ content, proof })
const phone = (content: string, proof: number) => ({ content, proof, byPhone: true })

it('puts what stood before in the place of what a revoked key wrote over it too late', async () => {
  const { key } = await story.post(ANN, 1, owner('mine', 5))
  await story.post(ANN, 1, phone('theirs', 30))
  expect(await shown(key)).toBe('theirs, signed')
  const { key: unsigned } = await story.post(ANN, 2, { content: 'plain' })
  await story.post(ANN, 2, phone('theirs', 30))
  await story.put(ANN, revocation(20), { proof: 1 })
  expect(await shown(key)).toBe('mine, signed')
  expect(await shown(unsigned)).toBe('plain, unsigned')
  await expectTheSameAnew(world)
})

it('lets a revoked key replace and delete nothing, and shows what stands alone as revoked', async () => {
  const { key, path: at } = await story.post(ANN, 1, owner('mine', 5))
  await story.put(ANN, revocation(20), { proof: 1 })
  await story.post(ANN, 1, phone('theirs, long ago', 10))
  await story.post(ANN, 1, phone('theirs', 30))
  await story.del(ANN, at, { proof: 31, byPhone: true })
  expect(await shown(key)).toBe('mine, signed')
  const { key: alone } = await story.post(ANN, 2, phone('theirs', 30))
  expect(await shown(alone)).toBe('theirs, revoked')
  await story.post(ANN, 2, phone('theirs again', 31))
  expect(await shown(alone)).toBe('theirs again, revoked')
  await expectTheSameAnew(world)
})

it('does not let the time of what does not hold stand in the way of the owner', async () => {
  await story.put(ANN, revocation(20), { proof: 1 })
  const { key } = await story.post(ANN, 1, phone('theirs', 9999))
  await story.post(ANN, 1, owner('mine', 25))
  expect(await shown(key)).toBe('mine, signed')
  const { key: before } = await story.post(ANN, 2, { content: 'plain' })
  expect(await shown(before)).toBe('plain, unsigned')
  await expectTheSameAnew(world)
})

it('leaves deleted what the key deleted before it was revoked', async () => {
  const { key, path: at } = await story.post(ANN, 1, owner('mine', 5))
  await story.del(ANN, at, { proof: 30, byPhone: true })
  await story.put(ANN, revocation(20), { proof: 1 })
  expect(await shown(key)).toBe('gone')
  await expectTheSameAnew(world)
})

it('holds what the revocation keeps, whichever comes first', async () => {
  const { key, path: at } = await story.post(ANN, 1, owner('old', 5))
  const listed = { path: at, hash: await hashOf(world, ANN, at) }
  await story.del(ANN, at, { proof: 6 })
  const list = keptList([listed])
  const kept = { path: keptPath(list.root), body: encodeKeyRule(list) }
  await story.put(ANN, revocation(20, list.root), { proof: 1 })
  await story.post(ANN, 1, phone('old', 10))
  await story.post(ANN, 2, phone('not listed', 10))
  expect(await shown(key)).toBe('old, revoked')
  await story.put(ANN, kept, { proof: 2 })
  expect(await shown(key)).toBe('old, signed')
  // Nobody takes a list back, and no other body is in it.
  await story.del(ANN, kept.path, { proof: 3 })
  await story.post(ANN, 1, phone('new', 11))
  expect(await shown(key)).toBe('old, signed')
  await expectTheSameAnew(world)
})

it('goes by the first revocation for what was there before, and by the last for everything else', async () => {
  await story.put(ANN, revocation(20), { proof: 1 })
  const { key: late } = await story.post(ANN, 1, phone('late', 10))
  await story.put(ANN, revocation(25), { proof: 2 })
  expect(await shown(late)).toBe('late, revoked')
  await story.put(ANN, { path, body: Buffer.from('{"v":1}') }, { proof: 3 })
  await story.put(ANN, { path, body: Buffer.from('nothing') }, { proof: 4 })
  const { key: young } = await story.post(ANN, 2, phone('young', 30))
  expect(await shown(young)).toBe('young, revoked')
  await expectTheSameAnew(world)
})
