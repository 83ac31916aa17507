import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  randomKeypair,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  toMicros,
} from '@pubky/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { relayError } from '../errors.ts'
import { openPacketStore, type PacketStore } from '../relay/packet-store.ts'
import { age } from './outcome.ts'
import { createPacketSource } from './packets.ts'

const keypair = randomKeypair()
const key = keypair.publicKey
const HOUR = 3_600_000_000n

let dir: string
let store: PacketStore
let now = 1_700_000_000_000_000n
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-packets-'))
  store = await openPacketStore({
    file: join(dir, 'packets.log'),
    maxBytes: 1 << 20,
    maxPackets: 100,
    clock: () => now,
    warn: () => {},
  })
})
afterEach(async () => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

function packet(seconds: number, ttl = 600): Promise<SignedPacket> {
  const records = [{ name: '@', ttl, data: { type: 'A', address: '192.0.2.1' } } as const]
  return signPacket(
    signerFromKeypair(keypair),
    records,
    toMicros(now + BigInt(seconds) * 1_000_000n),
  )
}

/** The DHT as the test decides, and how often it was asked. */
function source() {
  const dht = { asked: 0, answer: null as SignedPacket | 'gone' | null }
  const { find } = createPacketSource({
    resolver: {
      async resolve() {
        dht.asked += 1
        if (dht.answer === 'gone') throw relayError('dht_unavailable')
        if (!dht.answer) throw relayError('not_found')
        await store.keep(dht.answer, now)
        return { packet: dht.answer, lastSeen: now }
      },
    },
    store,
    clock: () => now,
    ttl: { min: 60, max: 86_400, stale: 7200 },
  })
  return { dht, find: (isRefresh = false) => find(key, () => {}, isRefresh) }
}

describe('the packets of the DNS server', () => {
  // covers 4.4.10, 8.2.11
  it('are asked for when they have expired, and their records show what is left', async () => {
    const { dht, find } = source()
    dht.answer = await packet(0)
    expect(await find()).toMatchObject({ kind: 'packet', ttlS: 600, ageS: 0 })
    now += 100_000_000n
    const found = await find()
    if (found.kind !== 'packet') throw new Error('not found')
    expect([found.ttlS, found.ageS, dht.asked]).toEqual([500, 100, 1])
    const [record] = found.packet.records
    expect(record && age(record, found).ttl).toBe(500)
    now += 500_000_000n
    await find()
    expect(dht.asked).toBe(2)
  })

  // covers 4.4.10, 8.12.8
  it('are missing for a while, until one is published, which no absence replaces', async () => {
    const { dht, find } = source()
    expect([await find(), await find()]).toEqual([{ kind: 'missing' }, { kind: 'missing' }])
    expect(dht.asked).toBe(1)
    await store.keep(await packet(0), now)
    expect(await find()).toMatchObject({ kind: 'packet', isStale: false })
    expect(await find(true)).toMatchObject({ kind: 'packet' })
    now += HOUR
    expect(await find()).toMatchObject({ kind: 'packet', isStale: true })
  })

  // covers 8.12.8
  it('are never replaced by older ones', async () => {
    const { dht, find } = source()
    await store.keep(await packet(9), now)
    dht.answer = await packet(1)
    const found = await find(true)
    expect(found).toMatchObject({ packet: { timestamp: (await packet(9)).timestamp } })
  })

  // covers 4.4.12
  it('are shown as old while the DHT is gone, and not for ever', async () => {
    const { dht, find } = source()
    await store.keep(await packet(0), now)
    dht.answer = 'gone'
    now += HOUR
    const found = await find()
    expect(found).toMatchObject({ kind: 'packet', isStale: true })
    if (found.kind !== 'packet') return
    const [record] = found.packet.records
    expect(record && age(record, found).ttl).toBe(30)
    now += 2n * HOUR
    expect(await find()).toEqual({ kind: 'unavailable' })
  })
})
