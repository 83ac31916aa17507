import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBlob, followPath } from '@pubky/app-specs'
import { createCompactor } from '@pubky/indexer'
import { encodeKeyRule, revocationPath, type StoragePath, utf8 } from '@pubky/protocol'
import { createFileBlobStore } from '@pubky/server-kit'
import { expect, it } from 'vitest'
import { objectEntry, openWorld, PHONE, START_MS } from './fixture.ts'
import { ANN, BOB, CEM, createStory } from './story.ts'

it('erasing the bodies of deleted objects changes neither state nor notices of a rebuild', async () => {
  await using world = await openWorld()
  const dir = await mkdtemp(join(tmpdir(), 'compaction-'))
  await using blobs = createFileBlobStore({ dir })
  const story = createStory(world)
  for (const person of [ANN, BOB, CEM]) await story.settle(person)

  const post = await story.post(ANN, 1, { content: `hello pubky${CEM}` })
  const reply = await story.post(BOB, 2, { parent: post.uri, kind: 'long' })
  const repost = await story.post(CEM, 3, { content: '', embed: { kind: 'short', uri: post.uri } })
  await story.bookmark(BOB, post.uri)
  const tag = story.tag(CEM, post.uri, 'a')
  await story.put(CEM, tag)
  await story.post(ANN, 1, { content: 'edited' })
  await story.follow(ANN, BOB)
  await story.follow(BOB, ANN)
  await story.profile(CEM, 'Cem Example')
  const picture = buildBlob(utf8('a picture'))
  const key = { path: '/pub/pubky.keys/phone' as StoragePath, body: utf8('{}') }
  await story.put(ANN, key)
  await story.del(ANN, key.path)
  const event = { owner: ANN, path: picture.path, receivedAtMs: START_MS + 500_000 }
  const upload = { ...event, kind: 'PUT', body: picture.body, eventId: 500 } as const
  const body = { at: 'blob', key: 'a-blob', size: picture.body.length } as const
  await world.append({ ...(await objectEntry(upload)), body })
  await world.append(await objectEntry({ ...event, kind: 'DEL', eventId: 501 }))
  await world.apply()
  await story.del(BOB, followPath(ANN))
  await story.del(CEM, tag.path)
  await story.del(ANN, post.path)
  await story.del(BOB, reply.path)
  await story.del(CEM, repost.path)
  // A revoked key deletes nothing.
  const mine = await story.post(ANN, 9, { content: 'mine', proof: 5 })
  const signer = PHONE.publicKey
  const revocation = encodeKeyRule({ says: 'revoked', signer, at: 20, keep: null })
  await story.put(ANN, { path: revocationPath(signer), body: revocation }, { proof: 1 })
  await story.del(ANN, mine.path, { proof: 30, byPhone: true })
  const digests = async () => [await world.views.stateDigest(), await world.views.noticeDigest()]
  const before = await digests()

  expect(await createCompactor({ pool: world.db.pool, blobs }).compact()).toBeGreaterThan(4)
  await world.views.reset()
  await world.apply()
  expect(await digests()).toEqual(before)
  await rm(dir, { recursive: true, force: true })
})
