import {
  type Keypair,
  publicKeyBytes,
  randomKeypair,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  userRecords,
} from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { completeConfig } from '../config.ts'
import { MIGRATIONS } from '../testing/server.ts'
import { createPublishHealth } from './health.ts'
import { announceUsers, keepPublished, publishOwnRecord } from './publisher.ts'

const HOME = randomKeypair()

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS)
})

afterAll(() => database?.[Symbol.asyncDispose]())

async function inhabitant(): Promise<Keypair> {
  const who = randomKeypair()
  await database.pool.query('insert into users (key) values ($1)', [
    Buffer.from(publicKeyBytes(who.publicKey)),
  ])
  return who
}

function recordOf(who: Keypair, target: string, type: 'HTTPS' | 'SVCB' = 'HTTPS') {
  const [record] = userRecords(null, HOME.publicKey)
  if (!record) throw new RangeError('a user has a record')
  const data = { type, priority: 0, target, params: new Map() }
  return signPacket(signerFromKeypair(who), [{ ...record, data }])
}

/** One round over everybody; the first tries of a key may fail. */
async function announce(packets: readonly SignedPacket[], failures: Record<string, number> = {}) {
  const published: SignedPacket[] = []
  const tries: Record<string, number> = {}
  const health = createPublishHealth()
  await announceUsers(
    {
      config: completeConfig({}),
      keypair: HOME,
      httpPort: 0,
      pkarr: {
        resolve: async (key) => packets.find(({ publicKey }) => publicKey === key) ?? null,
        async publish(packet) {
          const count = (tries[packet.publicKey] ?? 0) + 1
          tries[packet.publicKey] = count
          if (count <= (failures[packet.publicKey] ?? 0)) throw new RangeError('nobody took it')
          published.push(packet)
          return { stored: 1 }
        },
      },
      pool: database.pool,
      log: createLogger('test'),
      health,
      externalIp: async () => '192.0.2.1',
    },
    new AbortController().signal,
  )
  return { published, tries, counts: health.users.counts }
}

// covers 11.2.13a, 11.2.13b
test('records that name this homeserver are announced as they are, others are left alone', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, inhabitant))
  const [https, svcb, moved, domain] = await Promise.all([
    recordOf(people[0] ?? HOME, HOME.publicKey),
    recordOf(people[1] ?? HOME, HOME.publicKey, 'SVCB'),
    recordOf(people[2] ?? HOME, randomKeypair().publicKey),
    recordOf(people[3] ?? HOME, 'home.example'),
  ])
  const { published, counts } = await announce([https, svcb, moved, domain])
  expect(published).toHaveLength(2)
  expect(published).toEqual(expect.arrayContaining([https, svcb]))
  expect(counts).toEqual({ published: 2, skipped: 3 })
})

// covers 11.2.13c, 11.2.13d
test('a record that nobody took is tried four times, and then counted', async () => {
  const [unlucky, lost] = [await inhabitant(), await inhabitant()]
  const packets = await Promise.all([
    recordOf(unlucky, HOME.publicKey),
    recordOf(lost, HOME.publicKey),
  ])
  const sinceMs = performance.now()
  const { published, tries, counts } = await announce(packets, {
    [unlucky.publicKey]: 2,
    [lost.publicKey]: 99,
  })
  expect(published).toEqual(packets.slice(0, 1))
  expect(tries).toEqual({ [unlucky.publicKey]: 3, [lost.publicKey]: 4 })
  expect(counts).toMatchObject({ published: 1, failed: 1 })
  // Three pauses, each twice as long, at least half of 200, 400 and 800 ms.
  expect(performance.now() - sinceMs).toBeGreaterThan(690)
})

test('the own record follows a changing address at the next look', async () => {
  let address = '192.0.2.1'
  const published: SignedPacket[] = []
  const health = createPublishHealth()
  const stop = new AbortController()
  const o = {
    config: completeConfig({ publicIp: 'auto', userRepublishIntervalSeconds: 0 }),
    keypair: HOME,
    httpPort: 80,
    pkarr: {
      resolve: async () => null,
      async publish(packet: SignedPacket) {
        published.push(packet)
        return { stored: 1 }
      },
    },
    pool: database.pool,
    log: createLogger('test'),
    health,
    externalIp: async () => address,
    addressMs: 5,
  }
  const addresses = () =>
    published.flatMap((packet) =>
      packet.records.flatMap(({ data }) => (data.type === 'A' ? [data.address] : [])),
    )
  await publishOwnRecord(o)
  const work = keepPublished(o, stop.signal)
  address = '198.51.100.7'
  await expect.poll(addresses).toEqual(['192.0.2.1', '198.51.100.7'])
  expect(health.publicIp).toBe('198.51.100.7')
  stop.abort()
  await work
})
