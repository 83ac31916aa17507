import {
  buildFollow,
  buildPost,
  buildProfile,
  buildTag,
  createIdClock,
  postUri,
} from '@pubky/app-specs'
import { nowMicros } from '@pubky/protocol'
import { joinNetwork, startTestNetwork } from '@pubky/testkit/network'
import { expect, test } from 'vitest'

test('what people write is found by search and in the social graph', async () => {
  await using network = await startTestNetwork({ nexus: true })
  const ids = createIdClock(nowMicros)
  const join = async (name: string) => {
    const { key, session } = await joinNetwork(network)
    const profile = buildProfile({ name })
    await session.storage.put(profile.path, profile.body)
    return { key, session }
  }
  const write = (who: Awaited<ReturnType<typeof join>>, o: { path: string; body: Uint8Array }) =>
    who.session.storage.put(o.path, o.body)
  const get = async (path: string): Promise<unknown> => (await fetch(network.nexus + path)).json()

  const alice = await join('Alice')
  const bob = await join('Bob')
  const post = buildPost({ content: 'Decentralised lighthouse', kind: 'short' }, ids())
  await write(alice, post)
  await write(bob, buildTag(postUri({ author: alice.key, id: post.id }), 'harbour', nowMicros()))
  await write(bob, buildFollow(alice.key, nowMicros()))
  const key = `${alice.key}:${post.id}`
  await expect
    .poll(() => get('/v0/search/posts/by_content?q=lighthose'))
    .toEqual([expect.objectContaining({ post_key: key })])
  await expect.poll(() => get('/v0/search/tags/by_prefix/harb')).toEqual(['harbour'])
  await expect.poll(() => get('/v0/search/users/by_name/ali')).toEqual([alice.key])
  await expect
    .poll(() => get(`/v0/tags/hot?user_id=${alice.key}&reach=followers`))
    .toEqual([expect.objectContaining({ label: 'harbour', tagged_count: 1 })])
  await alice.session.storage.delete(post.path)
  await expect.poll(() => get('/v0/search/posts/by_content?q=lighthouse')).toEqual([])
})
