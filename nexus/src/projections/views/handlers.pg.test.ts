import {
  bookmarkPath,
  buildFile,
  buildLastRead,
  type FileId,
  filePath,
  hashId,
  PROFILE_PATH,
} from '@pubky/app-specs'
import { type StoragePath, utf8 } from '@pubky/protocol'
import { describe, expect, it } from 'vitest'
import { HOSTS, START_MS } from './fixture.ts'
import { ANN, BOB, CEM, DAN, type Story, tellStories } from './story.ts'

let story: Story
const world = await tellStories((fresh) => {
  story = fresh
})

describe('people', () => {
  it('are known from their home on, shown from their profile on, and stay as deleted', async () => {
    const row = async () =>
      (await story.rows<object>('select state, name from users where id = $1', [ANN]))[0]
    expect(await row()).toEqual({ state: 0, name: null })
    await story.profile(ANN, 'Ann Example')
    expect(await row()).toEqual({ state: 1, name: 'Ann Example' })
    await story.del(ANN, PROFILE_PATH)
    expect(await row()).toEqual({ state: 2, name: '[DELETED]' })
    await story.profile(ANN, 'Ann again')
    expect(await row()).toEqual({ state: 1, name: 'Ann again' })
  })

  it('keep how far they read, and a profile that is no profile changes nothing', async () => {
    await story.profile(ANN, 'Ann Example')
    await story.put(ANN, buildLastRead(77))
    await story.put(ANN, { path: PROFILE_PATH, body: utf8('{"name":1}') })
    await story.put(ANN, { path: PROFILE_PATH, body: utf8('not json') })
    expect(await story.rows('select name, last_read_at from users where id = $1', [ANN])).toEqual([
      { name: 'Ann Example', last_read_at: '77' },
    ])
  })
})

describe('posts', () => {
  it('count replies, reposts and tags, which may come first', async () => {
    const uri = `pubky://${ANN}/pub/pubky.app/posts/${story.idOf(1)}`
    await story.post(BOB, 2, { parent: uri })
    await story.post(BOB, 3, { content: 'quote', parent: uri, embed: { kind: 'short', uri } })
    await story.put(CEM, story.tag(CEM, uri, 'early'))
    const post = await story.post(ANN, 1)
    expect(await story.postRow(post.key)).toMatchObject({
      tags: 1,
      unique_tags: 1,
      replies: 2,
      reposts: 1,
      engagement: 4,
      visible: true,
    })
    expect(await story.counts(BOB)).toMatchObject({ posts: 2, replies: 2 })
    expect(await story.counts(CEM)).toMatchObject({ tagged: 1 })
    expect(
      await story.rows('select post_key, label, taggers, engagement from post_labels'),
    ).toEqual([{ post_key: post.key, label: 'early', taggers: 1, engagement: 4 }])
  })

  it('are gone when deleted, and come back as deleted as soon as somebody else refers to them', async () => {
    const post = await story.post(ANN, 1)
    await story.post(ANN, 2, { parent: post.uri })
    await story.del(ANN, post.path)
    expect(await story.postRow(post.key)).toMatchObject({ visible: false, deleted: true })
    const reply = await story.post(BOB, 3, { parent: post.uri })
    expect(await story.postRow(post.key)).toMatchObject({
      visible: true,
      content: '[DELETED]',
      replies: 2,
    })
    await story.del(BOB, reply.path)
    expect(await story.postRow(post.key)).toMatchObject({ visible: false, replies: 1 })
    await story.bookmark(CEM, post.uri)
    expect(await story.postRow(post.key)).toMatchObject({ visible: true })
    expect(await story.counts(ANN)).toMatchObject({ posts: 1, replies: 1 })
  })

  it('keep their place when edited, and when they come back', async () => {
    const post = await story.post(ANN, 1)
    const before = await story.postRow(post.key)
    await story.post(ANN, 1, { content: 'edited' })
    const edited = await story.postRow(post.key)
    expect(edited?.indexed_at).toBe(before?.indexed_at)
    expect(edited?.edited_at).not.toBeNull()
    await story.del(ANN, post.path)
    await story.post(ANN, 1, { content: 'back' })
    expect((await story.postRow(post.key))?.indexed_at).toBe(before?.indexed_at)
  })

  it('take the time of an old id and never one of the future', async () => {
    const old = await story.post(ANN, -3 * 86_400_000)
    expect(await story.postRow(old.key)).toMatchObject({
      indexed_at: String(START_MS - 3 * 86_400_000),
    })
    const ahead = await story.post(ANN, 3_600_000)
    expect(Number((await story.postRow(ahead.key))?.indexed_at)).toBeLessThan(START_MS + 3_600_000)
  })

  it('move the count of collections with their kind, and bookmarks of collections do not count', async () => {
    const content = JSON.stringify({ name: 'Mine', items: [] })
    const post = await story.post(ANN, 1, { kind: 'collection', content })
    await story.bookmark(BOB, post.uri)
    expect(await story.counts(ANN)).toMatchObject({ posts: 1, collections: 1 })
    expect(await story.counts(BOB)).toMatchObject({ bookmarks: 0 })
    await story.post(ANN, 1)
    expect(await story.counts(ANN)).toMatchObject({ collections: 0 })
    expect(await story.counts(BOB)).toMatchObject({ bookmarks: 1 })
  })

  it('hold whatever characters a stranger puts into them', async () => {
    const body = utf8(String.raw`{"content":"nul \u0000 end","kind":"short"}`)
    const path = `/pub/pubky.app/posts/${story.idOf(5)}` as StoragePath
    await story.put(ANN, { path, body })
    expect((await story.postRow(`${ANN}:${story.idOf(5)}`))?.content).toMatch(/^nul . end$/)
  })

  it('of a kind from the future are left out and stop nothing', async () => {
    const path = `/pub/pubky.app/posts/${story.idOf(5)}` as StoragePath
    await story.put(ANN, { path, body: utf8('{"content":"x","kind":"poll"}') })
    const post = await story.post(ANN, 6)
    expect(await story.rows('select key from posts')).toEqual([{ key: post.key }])
  })
})

describe('edges', () => {
  it('count followers, following and friends on both sides', async () => {
    await story.follow(ANN, BOB)
    await story.follow(BOB, ANN)
    await story.follow(ANN, CEM)
    expect(await story.counts(ANN)).toMatchObject({ following: 2, followers: 1, friends: 1 })
    expect(await story.counts(BOB)).toMatchObject({ following: 1, followers: 1, friends: 1 })
    expect(await story.counts(CEM)).toMatchObject({ following: 0, followers: 1, friends: 0 })
  })

  it('count profile tags and distinct labels', async () => {
    for (const person of [BOB, CEM])
      await story.put(person, story.tag(person, story.profileUri(ANN), 'kind'))
    await story.put(CEM, story.tag(CEM, story.profileUri(ANN), 'fast'))
    expect(await story.counts(ANN)).toMatchObject({ tags: 3, unique_tags: 2 })
    expect(
      await story.rows('select label, taggers from user_labels order by taggers desc'),
    ).toEqual([
      { label: 'kind', taggers: 2 },
      { label: 'fast', taggers: 1 },
    ])
  })

  it('hold one bookmark of a post, whichever way its address is written', async () => {
    const post = await story.post(ANN, 1)
    const spelt = `${post.uri}?x=1`
    await story.bookmark(BOB, post.uri)
    await story.bookmark(BOB, spelt)
    expect(await story.counts(BOB)).toMatchObject({ bookmarks: 1 })
    await story.del(BOB, bookmarkPath(hashId(post.uri)))
    expect(await story.counts(BOB)).toMatchObject({ bookmarks: 1 })
    await story.del(BOB, bookmarkPath(hashId(spelt)))
    expect(await story.counts(BOB)).toMatchObject({ bookmarks: 0 })
  })

  it('hold mutes, which nobody is told of', async () => {
    await story.mute(ANN, BOB)
    expect(await story.rows('select owner, muted from mutes')).toEqual([{ owner: ANN, muted: BOB }])
    expect(await story.rows('select * from notices')).toEqual([])
  })

  it('do not come from a tag of the main app on an address that is no post or profile', async () => {
    await story.put(ANN, story.tag(ANN, 'https://example.com/', 'web'))
    expect(await story.rows('select * from tags')).toEqual([])
  })
})

describe('files', () => {
  it('are there while their record is', async () => {
    const meta = {
      name: 'a.png',
      createdAt: 5,
      src: 'https://example.com/a.png',
      contentType: 'image/png',
      size: 3,
    }
    const id = story.idOf(1) as string as FileId
    await story.put(ANN, buildFile(meta, id))
    expect(await story.rows('select owner, id, name, created_at from files')).toEqual([
      { owner: ANN, id, name: 'a.png', created_at: '5' },
    ])
    await story.del(ANN, filePath(id))
    expect(await story.rows('select * from files')).toEqual([])
  })
})

describe('what counts', () => {
  it('is nothing before a home is known, and everything when it comes', async () => {
    const post = await story.post(DAN, 1, {
      parent: `pubky://${ANN}/pub/pubky.app/posts/${story.idOf(2)}`,
    })
    expect(await story.postRow(post.key)).toBeUndefined()
    await story.settle(DAN)
    expect(await story.postRow(post.key)).toMatchObject({ visible: true })
    expect(await story.notices(ANN)).toHaveLength(1)
  })

  it('is not what another host says', async () => {
    const post = await story.post(ANN, 1, { host: HOSTS[1] })
    expect(await story.postRow(post.key)).toBeUndefined()
    await story.settle(ANN, HOSTS[1])
    expect(await story.postRow(post.key)).toMatchObject({ visible: true })
  })

  it('is not a proof that is older than one seen before, nor an invalid one', async () => {
    const post = await story.post(ANN, 1, { content: 'two', proof: 2 })
    await story.post(ANN, 1, { content: 'one', proof: 1 })
    await story.post(ANN, 1, { content: 'forged', proof: 'invalid' })
    expect(await story.postRow(post.key)).toMatchObject({ content: 'two', verdict: 1 })
    await story.del(ANN, post.path, { proof: 1 })
    expect(await story.postRow(post.key)).toMatchObject({ content: 'two' })
    await story.del(ANN, post.path, { proof: 3 })
    await story.post(ANN, 1, { content: 'two', proof: 2 })
    expect(await story.postRow(post.key)).toMatchObject({ visible: false })
  })

  it('says stripped when a path that was signed is written without a proof', async () => {
    const post = await story.post(ANN, 1)
    expect(await story.postRow(post.key)).toMatchObject({ verdict: 0, edited_at: null })
    await story.post(ANN, 1, { proof: 5 })
    expect(await story.postRow(post.key)).toMatchObject({ verdict: 1, edited_at: null })
    await story.post(ANN, 1)
    expect(await story.postRow(post.key)).toMatchObject({ verdict: 2, edited_at: null })
  })

  it('is no longer what the operator purged', async () => {
    await story.profile(ANN, 'Ann Example')
    const post = await story.post(ANN, 1)
    const other = await story.post(ANN, 2)
    await story.put(BOB, story.tag(BOB, post.uri, 'bad'))
    await world.append({
      kind: 'PURGE',
      owner: ANN,
      path: post.path,
      receivedAtMs: START_MS,
      reason: 'law',
    })
    await world.apply()
    expect(await story.postRow(post.key)).toBeUndefined()
    expect(await story.postRow(other.key)).toBeDefined()
    await world.append({
      kind: 'PURGE',
      owner: ANN,
      path: null,
      receivedAtMs: START_MS,
      reason: 'law',
    })
    await world.apply()
    expect(await story.postRow(other.key)).toBeUndefined()
    expect(await story.rows('select state from users where id = $1', [ANN])).toEqual([{ state: 0 }])
    const again = await story.post(ANN, 3)
    expect(await story.postRow(again.key)).toMatchObject({ visible: true })
    const [before, notices] = [await world.views.stateDigest(), await world.views.noticeDigest()]
    await world.views.reset()
    await world.apply()
    expect(await world.views.stateDigest()).toBe(before)
    expect(await world.views.noticeDigest()).not.toBe('')
    expect(notices).not.toBe('')
  })
})

it('leave nothing out when the database went back', async () => {
  await story.profile(ANN, 'Ann Example')
  await story.post(ANN, 1)
  const post = await story.post(ANN, 2)
  const [last, before, earlier] = (await world.entries()).toReversed()
  if (!last || !before || !earlier) throw new Error('there are more entries')
  const { pool } = world.db
  await pool.query('delete from objects where path = $1', [post.path])
  await pool.query('update projection_positions set position = $1', [earlier.position])
  const going = world.views.apply([last], { after: before.position })
  await expect(going).rejects.toThrow('went back')
  expect(await world.views.position()).toBe(earlier.position)
  await world.apply()
  expect(await story.rows('select from objects where path = $1', [post.path])).toHaveLength(1)
})
