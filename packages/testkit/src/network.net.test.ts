import { buildPost, buildProfile, createIdClock } from '@pubky/app-specs'
import { nowMicros, randomKeypair, signerFromKeypair } from '@pubky/protocol'
import { expect, test } from 'vitest'
import { startTestNetwork } from './network.ts'

test('a post that is put to a homeserver is served by Nexus', async () => {
  await using net = await startTestNetwork({ nexus: true })
  const client = net.client()
  const root = signerFromKeypair(randomKeypair())
  const session = await client.signUpGrant(root, {
    homeserver: net.homeserverKey,
    client: randomKeypair(),
    clientId: 'app.test',
    capabilities: '/pub/pubky.app/:rw',
  })
  const profile = buildProfile({ name: 'Alice' })
  await session.storage.put(profile.path, profile.body)
  const post = buildPost({ content: 'hello', kind: 'short' }, createIdClock(nowMicros)())
  await session.storage.put(post.path, post.body)
  const view = async () => {
    const response = await fetch(`${net.nexus}/v0/post/${session.user}/${post.id}`)
    return response.ok ? ((await response.json()) as { details: { content: string } }) : null
  }
  await expect.poll(view).toMatchObject({ details: { content: 'hello' } })
})
