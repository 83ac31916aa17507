import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { toMicros } from '../brands.ts'
import { concat, utf8 } from '../bytes.ts'
import { normalizeOwner } from '../dns/names.ts'
import type { RecordData, ResourceRecord } from '../dns/records.ts'
import { ProtocolError } from '../errors.ts'
import { keypairFromSeed } from '../keys.ts'
import { signerFromKeypair } from '../signer.ts'
import { packetTtl } from './order.ts'
import { homeserverOf, homeserverRecords, recordsNamed, userRecords } from './pubky-records.ts'
import {
  packetFromBytes,
  packetFromRelayPayload,
  packetToBytes,
  packetToRelayPayload,
  signPacket,
} from './signed-packet.ts'

const keypair = keypairFromSeed(new Uint8Array(32).fill(7))
const signer = signerFromKeypair(keypair)
const origin = keypair.publicKey
const host = keypairFromSeed(new Uint8Array(32).fill(8)).publicKey
const record = (name: string, data: RecordData, ttl = 30): ResourceRecord => ({ name, ttl, data })
const a = (name: string, address = '1.1.1.1', ttl = 30) => record(name, { type: 'A', address }, ttl)

describe('signed packets', () => {
  // covers 8.2.2
  it.each([
    ['', origin],
    ['.', origin],
    ['@', origin],
    ['@.', origin],
    ['foo.@', origin],
    ['foo', `foo.${origin}`],
    ['foo.', `foo.${origin}`],
    [`foo.${origin}`, `foo.${origin}`],
    [`foo.${origin}.`, `foo.${origin}`],
    [origin, origin],
  ])('make the owner %j absolute', (name, absolute) => {
    expect(normalizeOwner(name, origin)).toBe(absolute)
  })

  // covers 8.2.6, 8.2.14
  it('find records by exact name, and by one wildcard label', async () => {
    const packet = await signPacket(signer, [
      a('foo'),
      a('bar.foo'),
      a('x.bar.foo'),
      a('@'),
      a('*'),
    ])
    const names = (query: string) => recordsNamed(packet, query).map(({ name }) => name)
    expect(names('foo')).toEqual([`foo.${origin}`])
    expect(names('FOO')).toEqual([])
    expect(names('*.foo.')).toEqual([`bar.foo.${origin}`])
    expect(names('anything')).toEqual([])
  })

  // covers 8.2.9
  it('can be cloned, as when they are sent to a worker, and share nothing with their clones', async () => {
    const packet = await signPacket(signer, [a('foo'), a('@')])
    const clone = structuredClone(packet)
    expect(clone).toEqual(packet)
    expect(await packetFromBytes(packetToBytes(clone))).toEqual(packet)
    clone.dns.fill(0)
    expect(await packetFromBytes(packetToBytes(packet))).toEqual(packet)
  })

  // covers 8.2.5, 8.10.5
  it('hold 1000 bytes of DNS and not one more', async () => {
    const txt = (...sizes: number[]) =>
      signPacket(signer, [
        record('@', { type: 'TXT', strings: sizes.map((n) => new Uint8Array(n)) }),
      ])
    const frame = 12 + 54 + 10
    const full = await txt(255, 255, 255, 1000 - frame - 3 * 256 - 1)
    expect(full.dns).toHaveLength(1000)
    expect(await packetFromRelayPayload(origin, packetToRelayPayload(full))).toEqual(full)
    await expect(txt(255, 255, 255, 1000 - frame - 3 * 256)).rejects.toMatchObject({
      code: 'packet_too_large',
    })
  })

  // covers 4.8.3, 8.2.4
  it('are refused when a bit is changed, for another key, and when cut', async () => {
    const payload = packetToRelayPayload(await signPacket(signer, [a('@')]))
    for (const index of [0, 63, 64, 71, 72, payload.length - 1]) {
      const bad = payload.slice()
      bad[index] = (bad[index] ?? 0) ^ 1
      await expect(packetFromRelayPayload(origin, bad)).rejects.toMatchObject({
        code: 'packet_signature_invalid',
      })
    }
    await expect(packetFromRelayPayload(host, payload)).rejects.toMatchObject({
      code: 'packet_signature_invalid',
    })
    const long = concat(payload, new Uint8Array(1073 - payload.length))
    for (const bytes of [payload.subarray(0, 71), long]) {
      await expect(packetFromRelayPayload(origin, bytes)).rejects.toMatchObject({
        code: 'packet_malformed',
      })
    }
  })

  // covers 8.2.1
  it('keep far timestamps exactly and refuse those the DHT cannot carry', async () => {
    const far = toMicros(2n ** 63n - 1n)
    const packet = await signPacket(signer, [a('@')], far)
    expect((await packetFromRelayPayload(origin, packetToRelayPayload(packet))).timestamp).toBe(far)
    await expect(signPacket(signer, [a('@')], toMicros(2n ** 63n))).rejects.toMatchObject({
      code: 'packet_timestamp_invalid',
    })
  })

  // covers 4.2.5, 8.2.10, 8.2.12
  it('live as long as their smallest ttl, within bounds', async () => {
    const ttl = async (...ttls: number[]) =>
      packetTtl(
        await signPacket(
          signer,
          ttls.map((value) => a('@', '1.1.1.1', value)),
        ),
      )
    expect([await ttl(), await ttl(30), await ttl(3600, 500), await ttl(1_000_000)]).toEqual([
      300, 300, 500, 86_400,
    ])
    expect(packetTtl(await signPacket(signer, [a('@')]), 10, 20)).toBe(20)
  })

  // covers 8.13.4
  it('keep other records when the homeserver changes', async () => {
    const previous = await signPacket(signer, [
      record('note', { type: 'TXT', strings: [utf8('mine')] }),
      record('_pubky', { type: 'HTTPS', priority: 0, target: origin, params: new Map() }),
      a('www'),
    ])
    const next = await signPacket(signer, userRecords(previous, host))
    expect(next.records.map(({ name }) => name)).toEqual([
      `note.${origin}`,
      `www.${origin}`,
      `_pubky.${origin}`,
    ])
    expect(homeserverOf(next)).toBe(host)
  })

  // covers 8.13.5
  it('name a homeserver by SVCB too, and none when the target is a domain', async () => {
    const named = async (type: 'SVCB' | 'HTTPS', target: string) =>
      homeserverOf(
        await signPacket(signer, [
          record('_pubky', { type, priority: 0, target, params: new Map() }),
        ]),
      )
    expect(await named('SVCB', host)).toBe(host)
    expect(await named('HTTPS', 'example.com')).toBeNull()
    expect(homeserverOf(await signPacket(signer, [a('_pubky')]))).toBeNull()
  })

  it('describe an IPv6 homeserver with a real domain without the local port', () => {
    const records = homeserverRecords(host, {
      publicIp: '2001:db8::1',
      icannDomain: 'example.com',
      httpPort: 80,
    })
    expect(records.map(({ data }) => data)).toEqual([
      {
        type: 'HTTPS',
        priority: 1,
        target: '.',
        params: new Map([
          [3, Uint8Array.of(0x18, 0x8f)],
          [6, Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
        ]),
      },
      { type: 'HTTPS', priority: 10, target: 'example.com', params: new Map() },
      { type: 'AAAA', address: '2001:db8::1' },
    ])
  })

  it('answer arbitrary bytes with a listed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1200 }), async (bytes) => {
        await expect(packetFromBytes(bytes)).rejects.toBeInstanceOf(ProtocolError)
      }),
      { numRuns: 100 },
    )
  })
})
