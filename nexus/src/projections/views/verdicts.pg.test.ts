import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { utf8 } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { HOSTS, PHONE, START_MS } from './fixture.ts'
import { ANN, BOB, expectTheSameAnew, type Story, tellStories } from './story.ts'

let story: Story
const world = await tellStories((fresh) => {
  story = fresh
})

const VERDICTS = ['unsigned', 'signed', 'stripped', 'revoked']
const verdictOf = async (key: string) => VERDICTS[Number((await story.postRow(key))?.verdict)]
const keyObject = (name: string, json: object) => ({
  path: `/pub/pubky.keys/${name}` as StoragePath,
  body: utf8(JSON.stringify({ v: 1, ...json })),
})
const policy = (signed: string[], sinceMs = 0) =>
  keyObject('policy', { signed, since: sinceMs * 1000 })
const revoked = (at: number, signer: PublicKeyZ32 = PHONE.publicKey) =>
  keyObject(`revoked/${signer}`, { at, keep: null })

it('says stripped where the policy asks for a proof, from its time on and below its paths', async () => {
  const early = await story.post(ANN, 1)
  const late = await story.post(ANN, 2)
  const signed = await story.post(ANN, 3, { proof: 3 })
  const others = await story.post(BOB, 4)
  await story.profile(ANN, 'Ann Example')
  const [row] = await story.rows<{ written_at: string }>(
    'select written_at from objects where owner = $1 and path = $2',
    [ANN, late.path],
  )
  await story.put(ANN, policy(['/pub/pubky.app/posts/'], Number(row?.written_at)), { proof: 1 })
  const next = await story.post(ANN, 5)
  const all = [early, late, signed, others, next]
  expect(await Promise.all(all.map(({ key }) => verdictOf(key)))).toEqual([
    'unsigned',
    'stripped',
    'signed',
    'unsigned',
    'stripped',
  ])
  expect(await story.rows('select verdict from users where id = $1', [ANN])).toEqual([
    { verdict: 0 },
  ])
  await expectTheSameAnew(world)
  await story.put(ANN, policy(['/pub/pubky.app/profile.json']), { proof: 2 })
  expect(await verdictOf(late.key)).toBe('unsigned')
  expect(await story.rows('select verdict from users where id = $1', [ANN])).toEqual([
    { verdict: 2 },
  ])
  await expectTheSameAnew(world)
})

it('says revoked of what a revoked key signed too late, or said too late', async () => {
  const old = await story.post(ANN, 1, { proof: 10, byPhone: true })
  const young = await story.post(ANN, 2, { proof: 30, byPhone: true })
  const own = await story.post(ANN, 3, { proof: 30 })
  const others = await story.post(BOB, 4, { proof: 30, byPhone: true })
  expect(await verdictOf(young.key)).toBe('signed')
  await story.put(ANN, revoked(20), { proof: 1 })
  const backdated = await story.post(ANN, 5, { proof: 10, byPhone: true })
  const all = [old, young, own, others, backdated]
  expect(await Promise.all(all.map(({ key }) => verdictOf(key)))).toEqual([
    'signed',
    'revoked',
    'signed',
    'signed',
    'revoked',
  ])
  await expectTheSameAnew(world)
})

it('believes only the owner key itself about keys, and no deletion', async () => {
  const post = await story.post(ANN, 1, { proof: 30, byPhone: true })
  const rule = revoked(20)
  await story.put(ANN, rule)
  await story.put(ANN, rule, { proof: 9, byPhone: true })
  await story.put(ANN, { ...rule, body: utf8('{"v":2,"at":1}') }, { proof: 2 })
  await story.put(ANN, { ...rule, body: utf8('no JSON') }, { proof: 3 })
  expect(await verdictOf(post.key)).toBe('signed')
  await story.put(ANN, rule, { proof: 4 })
  await story.del(ANN, rule.path, { proof: 5 })
  await story.put(ANN, revoked(40), { proof: 3 })
  expect(await verdictOf(post.key)).toBe('revoked')
  await story.put(ANN, revoked(40), { proof: 6 })
  expect(await verdictOf(post.key)).toBe('signed')
  await expectTheSameAnew(world)
})

it('tells open pages of posts whose verdict changed', async () => {
  const post = await story.post(ANN, 1)
  await story.put(ANN, policy(['/pub/']), { proof: 1 })
  const rows = await story.rows<{ message: object }>(
    "select message from live_log where message->>'type' = 'post_changed'",
  )
  expect(rows.map(({ message }) => message)).toContainEqual(
    expect.objectContaining({ type: 'post_changed', key: post.key }),
  )
})

it('knows a policy from the record too, which no homeserver can hide', async () => {
  const post = await story.post(ANN, 1)
  const other = await story.post(BOB, 2)
  const { body } = policy(['/pub/pubky.app/posts/'])
  await story.settle(ANN, undefined, body)
  const next = await story.post(ANN, 3)
  expect(await Promise.all([post, other, next].map(({ key }) => verdictOf(key)))).toEqual([
    'stripped',
    'unsigned',
    'stripped',
  ])
  await expectTheSameAnew(world)
  await story.settle(ANN, undefined, utf8('no policy'))
  expect(await verdictOf(post.key)).toBe('unsigned')
  await expectTheSameAnew(world)
})

it('follows the rules of whoever is the home', async () => {
  const receivedAtMs = START_MS + 4
  const post = await story.post(ANN, 1, { receivedAtMs })
  const elsewhere = { host: HOSTS[1] as PublicKeyZ32, receivedAtMs }
  await story.put(ANN, policy(['/pub/'], START_MS), { proof: 1, ...elsewhere })
  expect(await verdictOf(post.key)).toBe('unsigned')
  await story.settle(ANN, HOSTS[1])
  expect(await verdictOf(post.key)).toBe('stripped')
  await expectTheSameAnew(world)
})
