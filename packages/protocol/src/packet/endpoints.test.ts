import { describe, expect, it } from 'vitest'
import type { PublicKeyZ32 } from '../brands.ts'
import type { RecordData, ResourceRecord } from '../dns/records.ts'
import { keypairFromSeed } from '../keys.ts'
import { signerFromKeypair } from '../signer.ts'
import { type Endpoint, type ResolveEndpointsOptions, resolveEndpoints } from './endpoints.ts'
import { homeserverRecords, userRecords } from './pubky-records.ts'
import { type SignedPacket, signPacket } from './signed-packet.ts'

const keypair = (n: number) => keypairFromSeed(new Uint8Array(32).fill(n))
const key = (n: number) => keypair(n).publicKey
const https = (name: string, priority: number, target: string, port?: number): ResourceRecord => ({
  name,
  ttl: 60,
  data: {
    type: 'HTTPS',
    priority,
    target,
    params: new Map(port === undefined ? [] : [[3, Uint8Array.of(port >> 8, port & 0xff)]]),
  },
})

async function network(records: Record<number, ResourceRecord[]>) {
  const packets = new Map<PublicKeyZ32, SignedPacket>()
  for (const [n, list] of Object.entries(records)) {
    const pair = keypair(Number(n))
    packets.set(pair.publicKey, await signPacket(signerFromKeypair(pair), list))
  }
  const asked: PublicKeyZ32[] = []
  const resolve = async (wanted: PublicKeyZ32) => {
    asked.push(wanted)
    return packets.get(wanted) ?? null
  }
  const all = async (qname: string, o?: ResolveEndpointsOptions): Promise<Endpoint[]> => {
    const found: Endpoint[] = []
    for await (const endpoint of resolveEndpoints(qname, resolve, o)) found.push(endpoint)
    return found
  }
  return { all, asked }
}

describe('the resolution of endpoints', () => {
  // covers 4.2.8, 8.7.7, 8.13.1
  it('follows a user to the homeserver and gives its two endpoints in order', async () => {
    const { all } = await network({
      1: userRecords(null, key(2)),
      2: homeserverRecords(key(2), {
        publicIp: '127.0.0.1',
        icannDomain: 'localhost',
        httpPort: 6286,
      }),
    })
    const found = await all(`_pubky.${key(1)}`)
    expect(
      found.map(({ target, port, addresses, priority, publicKey }) => [
        target,
        port,
        addresses,
        priority,
        publicKey,
      ]),
    ).toEqual([
      ['.', 6287, ['127.0.0.1'], 1, key(2)],
      ['localhost', 0, [], 10, key(2)],
    ])
    expect(found[1]?.params.get(65280)).toEqual(Uint8Array.of(0x18, 0x8e))
  })

  // covers 4.2.8, 8.7.6
  it('reads seven packets at most', async () => {
    const chain = (length: number) => {
      const records: Record<number, ResourceRecord[]> = {}
      for (let n = 1; n < length; n++) records[n] = [https('@', 1, key(n + 1))]
      records[length] = [https('@', 1, 'example.com', 8443)]
      return network(records)
    }
    const seven = await chain(7)
    expect((await seven.all(key(1))).map(({ port }) => port)).toEqual([8443])
    const eight = await chain(8)
    expect(await eight.all(key(1))).toEqual([])
    expect(eight.asked).toHaveLength(7)
  })

  // covers 8.7.4, 8.7.5
  it('walks a tree of three times three, and an empty packet ends it', async () => {
    const leaf = (n: number) => [1, 2, 3].map((at) => https('@', at, `${at}.${n}.example.com`))
    const branches = [2, 3, 4].map((n) => https('@', n, key(n)))
    const full = await network({ 1: branches, 2: leaf(2), 3: leaf(3), 4: leaf(4) })
    const found = (await full.all(key(1))).map(({ target }) => target)
    expect(found).toEqual([2, 3, 4].flatMap((n) => [1, 2, 3].map((at) => `${at}.${n}.example.com`)))
    const empty = await network({ 1: branches, 2: [], 3: leaf(3), 4: leaf(4) })
    expect((await empty.all(key(1))).length).toBe(6)
    expect(await (await network({ 1: [] })).all(key(1))).toEqual([])
  })

  // covers 8.7.6
  it('ends in a loop of aliases', async () => {
    const { all, asked } = await network({ 1: [https('@', 1, key(2))], 2: [https('@', 1, key(1))] })
    expect(await all(key(1))).toEqual([])
    expect(asked).toHaveLength(7)
  })

  it('ends at an alias that leads nowhere, even when another record would do', async () => {
    const { all } = await network({ 1: [https('@', 1, key(9)), https('@', 2, 'example.com')] })
    expect(await all(key(1))).toEqual([])
  })

  it('yields what comes before a dead alias', async () => {
    const { all } = await network({ 1: [https('@', 2, key(9)), https('@', 1, 'example.com')] })
    expect((await all(key(1))).map(({ target }) => target)).toEqual(['example.com'])
  })

  // covers 8.7.3
  it('breaks ties by the given randomness', async () => {
    const { all } = await network({ 1: [https('@', 1, 'a.com'), https('@', 1, 'b.com')] })
    const order = async (...values: number[]) =>
      (await all(key(1), { random: () => values.shift() ?? 0 })).map(({ target }) => target)
    expect(await order(0.9, 0.1)).toEqual(['a.com', 'b.com'])
    expect(await order(0.1, 0.9)).toEqual(['b.com', 'a.com'])
  })

  // covers 4.2.8, 8.7.1
  it('follows records of the asked type only', async () => {
    const svcb: RecordData = { type: 'SVCB', priority: 0, target: 'svcb.com', params: new Map() }
    const { all } = await network({
      1: [{ name: '@', ttl: 60, data: svcb }, https('@', 1, 'https.com')],
    })
    expect((await all(key(1))).map(({ target }) => target)).toEqual(['https.com'])
    expect((await all(key(1), { type: 'SVCB' })).map(({ target }) => target)).toEqual(['svcb.com'])
  })

  it('is empty for a name without key and for an unknown key', async () => {
    const { all } = await network({})
    expect(await all('example.com')).toEqual([])
    expect(await all(key(1))).toEqual([])
  })
})
