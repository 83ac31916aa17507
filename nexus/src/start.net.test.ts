import { buildFollow, buildProfile } from '@pubky/app-specs'
import { nowMicros } from '@pubky/protocol'
import { createPool } from '@pubky/server-kit'
import { joinNetwork, startTestNetwork } from '@pubky/testkit/network'
import { expect, it } from 'vitest'

it('follows and indexes while questions hold all the connections that are for them', async () => {
  await using network = await startTestNetwork({ nexus: true })
  const people = await Promise.all([joinNetwork(network), joinNetwork(network)])
  const [ann, bob] = people
  for (const { session } of people) {
    const { path, body } = buildProfile({ name: 'One' })
    await session.storage.put(path, body)
  }
  const pool = createPool(network.nexusConfig?.databaseUrl ?? '', { max: 2 })
  const count = async (from: string) =>
    Number((await pool.query<{ n: string }>(`select count(*) as n from ${from}`)).rows[0]?.n)
  await expect.poll(() => count('graph_users')).toBe(2)

  const client = await pool.connect()
  const stop = new AbortController()
  try {
    await client.query('begin')
    await client.query('lock table post_labels in access exclusive mode')
    const url = `${network.nexus}/v0/search/posts/by_tag/x`
    for (let n = 0; n < 40; n += 1) fetch(url, { signal: stop.signal }).catch(() => {})
    const waiting = `pg_stat_activity where wait_event_type = 'Lock' and query like '%post_labels%'`
    await expect.poll(() => count(waiting)).toBeGreaterThan(8)
    const { path, body } = buildFollow(bob.key, nowMicros())
    await ann.session.storage.put(path, body)
    await expect.poll(() => count('graph_follows')).toBe(1)
    // It did not go on only because the database gave up the questions.
    expect(await count(waiting)).toBeGreaterThan(8)
  } finally {
    stop.abort()
    client.release(true)
    await pool.end()
  }
})
