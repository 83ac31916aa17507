import { buildPost, type PostId } from '@pubky/app-specs'
import { catchUp, type NewObjectEntry, type Projection } from '@pubky/indexer'
import { blake3Sync, type EventId } from '@pubky/protocol'
import { expect, test } from 'vitest'
import { A, HOSTS, home, open, POSTS, proofOf, revocation, START, type Step } from './fixture.ts'

test('graph and search take back what a revoked key wrote over something else', async () => {
  await using world = await open()
  const { journal, index } = world
  const [, searching] = world.projections() as [Projection, Projection]
  const find = async (text: string) => {
    await catchUp(journal, searching)
    return (await index.posts({ text, limit: 5 })).length
  }
  const say = async (n: number, s: Pick<Step, 'action' | 'proof'>, content?: string) => {
    const o = content === undefined ? revocation(10) : buildPost({ content, kind: 'short' }, id)
    const body = 'body' in o ? o.body : (o.bodies[0] ?? new Uint8Array())
    const hash = blake3Sync(body)
    const entry: NewObjectEntry = {
      kind: 'PUT',
      owner: A,
      host: HOSTS[0],
      eventId: String(n) as EventId,
      path: o.path,
      receivedAtMs: Number(START / 1000n) + n,
      hash,
      body: { at: 'row', bytes: body },
      proof: await proofOf({ ...none, ...s }, A, o.path, hash, n),
      status: 'ok',
      reason: null,
      format: 1,
    }
    await journal.append(HOSTS[0], [entry], { owner: null, eventId: entry.eventId })
  }
  const id = POSTS[0]?.id ?? ('' as PostId)
  const none: Step = { person: 0, object: 0, body: 0, action: 'PUT', proof: 'none', host: 0 }
  await journal.appendHome(home(A, 0, 1n, 1))
  await say(1, { action: 'PUT', proof: 'good' }, 'mine')
  await say(20, { action: 'PUT', proof: 'phone' }, 'theirs')
  expect([await find('mine'), await find('theirs')]).toEqual([0, 1])
  await say(21, { action: 'revoke', proof: 'good' })
  expect([await find('mine'), await find('theirs')]).toEqual([1, 0])
  await say(22, { action: 'PUT', proof: 'phone' }, 'theirs')
  expect([await find('mine'), await find('theirs')]).toEqual([1, 0])
})
