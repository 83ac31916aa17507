import { describe, expect, it } from 'vitest'
import { type Micros, toMicros } from '../brands.ts'
import { concat, fromHex, toHex, utf8 } from '../bytes.ts'
import type { RecordData, ResourceRecord } from '../dns/records.ts'
import { isPublicKey, keypairFromSeed, parsePublicKey, publicKeyBytes } from '../keys.ts'
import { signerFromKeypair } from '../signer.ts'
import { bep44Signable, verifyItem } from './item.ts'
import { isMoreRecent } from './order.ts'
import { packetFromItem, packetToItem } from './packet-item.ts'
import { homeserverOf, homeserverRecords, userRecords } from './pubky-records.ts'
import {
  packetFromBytes,
  packetFromRelayPayload,
  packetToBytes,
  packetToRelayPayload,
  signPacket,
} from './signed-packet.ts'

const zero = keypairFromSeed(new Uint8Array(32))
const one = keypairFromSeed(new Uint8Array(32).fill(1))
const zeroKey = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
const oneKey = 'tkrq8zmwb8a3m9k15csu3q17qmfgqnp9dskbrg9uq1rydpyxp7qy'
const at = (micros: bigint): Micros => toMicros(micros)
const T = at(1_700_000_000_000_000n)
const record = (name: string, data: RecordData): ResourceRecord => ({ name, ttl: 30, data })

const USER_DNS =
  '000080000000000100000000065f7075626b79343870696e787867717334316e346169646964656e773561707170317572666d7a647a7472386a74346162726b646e34333565776f000041000100000e100038000034746b7271387a6d77623861336d396b313563737533713137716d6667716e703964736b627267397571317279647079787037717900'

describe('the published vectors', () => {
  // covers 9.1.1
  it.each([
    [zeroKey, '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29'],
    [oneKey, '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'],
    [
      'yg4gxe7z1r7mr6orids9fh95y7gxhdsxjqi6nngsxxtakqaxr5no',
      '01b467a3b7913ab27a04a8edf2f3fb074cfe0ecf4babe108d67be3853b0f26c5',
    ],
    [
      'o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy',
      '8686ab142e51f7035c61dc2d7ad3c1416a60cdeb9bd537b8face9c7fcd3bf4c0',
    ],
    [
      '7fmjpcuuzf54hw18bsgi3zihzyh4awseeuq5tmojefaezjbd64cy',
      'e95696b273b977ae52470d8d5cdebcb839ac52c844ddb8ae0941708ba423f698',
    ],
    [
      '8um71us3fyw6h8wbcxb5ar3rwusy1a6u49956ikzojg3gcwd1dty',
      '3cd7d94ed92829ee1e8163c3bc1324a4ec0963d3d7ffbf5557824d93328390e2',
    ],
  ])('read the key %s', (text, hex) => {
    expect(toHex(publicKeyBytes(parsePublicKey(text)))).toBe(hex)
  })

  // covers 9.1.2
  it('refuse the text of a value that is no point', () => {
    expect(isPublicKey('c1bkg8tfsyy8wcedtmw4fwhdmm7bbzhgg3z58tf43m5ow8w9mbus')).toBe(false)
  })

  // covers 8.2.3, 8.3.1, 9.1.3
  it.each([
    [
      '63f5ab20b8bcd9ac9dd6f23581c21e05c9ea0454e97ae08f13561019c8bd5374ba06e6674323be29026075d2e8c068810bebe11a07170d54d1d03a92158f1e0b',
      '000660ddff61a1ff',
      1_795_356_448_891_391n,
    ],
    [
      '2fddddeeae3a0c624082d37d40ebe762d593e42b9931895dffa307092f462034d2761c4a90a33435a64f526b255eb6a5d8f828915d5eaaaef96b2bbcc3380307',
      '000660ddff623dbf',
      null,
    ],
  ])(
    'accept the payload captured from the official SDK, %s',
    async (signature, stamp, timestamp) => {
      const payload = fromHex(signature + stamp + USER_DNS)
      expect(payload).toHaveLength(211)
      const packet = await packetFromRelayPayload(zero.publicKey, payload)
      if (timestamp !== null) expect(packet.timestamp).toBe(timestamp)
      expect(packet.records).toEqual([
        {
          name: `_pubky.${zeroKey}`,
          ttl: 3600,
          data: { type: 'HTTPS', priority: 0, target: oneKey, params: new Map() },
        },
      ])
      expect(homeserverOf(packet)).toBe(oneKey)
      expect(packetToRelayPayload(packet)).toEqual(payload)
      const again = await signPacket(
        signerFromKeypair(zero),
        userRecords(null, one.publicKey),
        packet.timestamp,
      )
      expect(packetToRelayPayload(again)).toEqual(payload)
    },
  )

  // covers 9.1.4
  it('V1: a user names a homeserver', async () => {
    const packet = await signPacket(signerFromKeypair(zero), userRecords(null, one.publicKey), T)
    expect(toHex(packet.dns)).toBe(USER_DNS)
    expect(toHex(packet.signature)).toBe(
      'd6f119894d26232265ff1d3c6d8dd51f5c884fe426405d0a8b9b037203732be8d92042fc33c56c1476f40f3a23843f74c7ac476096dd59e35a4d75395de80309',
    )
  })

  // covers 8.13.1, 9.1.5
  it('V2: a homeserver names its addresses', async () => {
    const records = homeserverRecords(one.publicKey, {
      publicIp: '127.0.0.1',
      tlsPort: 6287,
      icannDomain: 'localhost',
      httpPort: 6286,
    })
    const packet = await signPacket(signerFromKeypair(one), records, T)
    expect(toHex(packet.dns)).toBe(
      '00008000000000030000000034746b7271387a6d77623861336d396b313563737533713137716d6667716e703964736b6272673975713172796470797870377179000041000100000e10001100010000030002188f000400047f000001c00c0041000100000e100013000a096c6f63616c686f737400ff000002188ec00c0001000100000e1000047f000001',
    )
    expect(toHex(packet.signature)).toBe(
      'd9d39902a911fddd766de4d9a6c139f8c8ee6a7508bd4ad6bb4be2e4d018d61ca072665e1d8da5fb4e203515a23ec7aa9fe1d83bacdd447cfc09b0c7fd195b08',
    )
  })

  // covers 9.1.6
  it('V3: an empty packet', async () => {
    const packet = await signPacket(signerFromKeypair(zero), [], T)
    expect(toHex(packet.dns)).toBe('000080000000000000000000')
    expect(toHex(packet.signature)).toBe(
      '131fcee8ae106362bdb35ddcec8cfbb2a6a2535cc65c378a764a5b778fcc6aba15db1cd5e68b763d3293f0abe1b8c4445ab821003b4c1e53d77109f965141e05',
    )
    expect(packetToRelayPayload(packet)).toHaveLength(84)
  })

  // covers 8.2.1, 9.1.7
  it('V4: compression', async () => {
    const records = [
      record('@', { type: 'A', address: '1.1.1.1' }),
      record('_foo', { type: 'TXT', strings: [utf8('hello')] }),
      record('www', { type: 'CNAME', target: zeroKey }),
      record('www.sub', { type: 'A', address: '2.2.2.2' }),
    ]
    const packet = await signPacket(signerFromKeypair(zero), records, at(42n))
    expect(toHex(packet.dns)).toBe(
      '000080000000000400000000343870696e787867717334316e346169646964656e773561707170317572666d7a647a7472386a74346162726b646e34333565776f00000100010000001e000401010101045f666f6fc00c001000010000001e00060568656c6c6f03777777c00c000500010000001e0002c00c0377777703737562c00c000100010000001e000402020202',
    )
    expect(toHex(packet.signature)).toBe(
      '8960bdc8efb110e682d15670554ea3d896f5b9ff6c47c3e6e8715bc6b6909b769a4ab2094a55deabe4c9155b022ea56737312b11e234d570eb5ccb9d7e9df509',
    )
  })

  // covers 4.2.4, 9.1.8
  it('V5: equal timestamps are told apart by bytes', async () => {
    const signed = (text: string) =>
      signPacket(
        signerFromKeypair(zero),
        [record('key', { type: 'TXT', strings: [utf8(text)] })],
        at(10n),
      )
    const [a, b] = [await signed('a'), await signed('b')]
    expect(toHex(a.dns)).toBe(
      '000080000000000100000000036b6579343870696e787867717334316e346169646964656e773561707170317572666d7a647a7472386a74346162726b646e34333565776f00001000010000001e00020161',
    )
    expect(toHex(a.signature)).toBe(
      '652e2cd2b2ee6a8676a678357a8db6745a2538c6c33cedffd5ea8536b13a069e58df97c891e328734f1c91e2b5018e9731f219393f826ebd6dc7694de2682308',
    )
    expect(toHex(b.signature)).toBe(
      'edc2a1c67c6b8f93f536ca2fb280fb048499f41c4127ec033513a68ca7ecb051e5dbc95b66877bc07296764437e6c13807dfbb734ecf494b383b6a032b21ed0d',
    )
    expect([isMoreRecent(b, a), isMoreRecent(a, b), isMoreRecent(a, a)]).toEqual([
      true,
      false,
      false,
    ])
  })

  // covers 8.3.1, 9.1.9
  it('BEP44: the item of the specification verifies', async () => {
    const item = {
      key: fromHex('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'),
      seq: 1n,
      value: utf8('Hello World!'),
      sig: fromHex(
        '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
      ),
    }
    expect(bep44Signable(1n, item.value)).toEqual(utf8('3:seqi1e1:v12:Hello World!'))
    expect(bep44Signable(4n, utf8('Hello world!'))).toEqual(utf8('3:seqi4e1:v12:Hello world!'))
    expect(await verifyItem(item)).toBe(true)
    expect(await verifyItem({ ...item, seq: 2n })).toBe(false)
    expect(await verifyItem({ ...item, key: item.key.subarray(1) })).toBe(false)
    await expect(packetFromItem(item)).rejects.toMatchObject({ code: 'dns_malformed' })
  })

  // covers 8.2.3, 8.2.8
  it('the forms of a packet lead to each other', async () => {
    const packet = await signPacket(signerFromKeypair(zero), userRecords(null, one.publicKey), T)
    expect(await packetFromBytes(packetToBytes(packet))).toEqual(packet)
    expect(await packetFromItem(packetToItem(packet))).toEqual(packet)
    expect(packetToBytes(packet)).toEqual(
      concat(publicKeyBytes(zero.publicKey), packetToRelayPayload(packet)),
    )
  })
})
