import { buildPost, buildProfile, buildTag, createIdClock, postUri } from '@pubky/app-specs'
import { nowMicros, randomKeypair, signerFromKeypair } from '@pubky/protocol'
import { moveHome } from '@pubky/sdk/move'
import { openRootSession } from '@pubky/sdk/move-home'
import type { MovePlace } from '@pubky/sdk/move-types'
import { expect, test } from 'vitest'
import { startTestNetwork } from './network.ts'

const POSTS = 8

test('Nexus follows somebody who moves: nothing twice, nothing missing, and what comes after', async () => {
  await using net = await startTestNetwork({ homeservers: 2, nexus: true })
  const [first, second] = net.homeservers
  if (!first || !second) throw new Error('two homes')
  const client = net.client()
  const root = signerFromKeypair(randomKeypair())
  await client.signUp(root, first.publicKey)
  const nextId = createIdClock(nowMicros)
  const before = await openRootSession(client, root, first.publicKey)
  const user = before.user

  const write = async (session: typeof before, content: string) => {
    const built = buildPost({ content, kind: 'short' }, nextId())
    await session.storage.put(built.path, built.body, { signer: root })
    const tag = buildTag(postUri({ author: user, id: built.id }), 'moving', nowMicros())
    await session.storage.put(tag.path, tag.body, { signer: root })
    return built.id
  }
  /** The author's posts as Nexus shows them, and what it counts. */
  const shown = async () => {
    const url = `${net.nexus}/v0/stream/posts?source=author&author_id=${user}&limit=50`
    const [posts, person] = await Promise.all([fetch(url), fetch(`${net.nexus}/v0/user/${user}`)])
    if (!posts.ok || !person.ok) return null
    type Post = { details: { id: string }; tags: { taggers_count: number }[] }
    const list = (await posts.json()) as Post[]
    const { counts } = (await person.json()) as { counts: { posts: number; tagged: number } }
    const tagged = list.every(({ tags }) => tags.length === 1 && tags[0]?.taggers_count === 1)
    return { ids: list.map(({ details }) => details.id).sort(), counts: counts.posts, tagged }
  }
  const all = (ids: readonly string[]) => ({
    ids: [...ids].sort(),
    counts: ids.length,
    tagged: true,
  })

  const profile = buildProfile({ name: 'Alice' })
  await before.storage.put(profile.path, profile.body, { signer: root })
  const ids: string[] = []
  for (let n = 0; n < POSTS; n += 1) ids.push(await write(before, `post ${n}`))
  await expect.poll(shown).toEqual(all(ids))

  let place: MovePlace | null = null
  const report = await moveHome(client, root, {
    to: second.publicKey,
    place: {
      load: async () => place,
      save: async (next) => {
        place = next
      },
    },
  })
  expect(report).toMatchObject({ guarantee: 'frozen', problems: [] })
  // Otherwise it reads the record again within the hour.
  const told = await fetch(`${net.nexus}/v0/ingest/${user}`, { method: 'PUT' })
  expect(told.status).toBe(200)
  const after = await openRootSession(net.client(), root, second.publicKey)
  for (let n = 0; n < 3; n += 1) ids.push(await write(after, `after ${n}`))
  const [gone] = ids.splice(0, 1)
  await after.storage.delete(`/pub/pubky.app/posts/${gone}`, { signer: root })
  // The tag of the deleted post keeps it shown as deleted; what is alive is what counts here.
  const alive = async () => {
    const found = await shown()
    return found && { ...found, ids: found.ids.filter((id) => id !== gone), counts: 0 }
  }
  await expect.poll(alive).toMatchObject({ ids: [...ids].sort() })
})
