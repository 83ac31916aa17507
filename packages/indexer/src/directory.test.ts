import {
  homeserverRecords,
  keypairFromSeed,
  type PublicKeyZ32,
  type ResourceRecord,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  userRecords,
  utf8,
  withPolicyText,
} from '@pubky/protocol'
import { describe, expect, test } from 'vitest'
import { createPkarrDirectory } from './directory.ts'

const host = keypairFromSeed(new Uint8Array(32).fill(1))
const user = keypairFromSeed(new Uint8Array(32).fill(2))

const policy = utf8('{"v":1,"signed":[],"since":0}')

async function directoryOf(records: ResourceRecord[], localHost?: string) {
  const packets = new Map<PublicKeyZ32, SignedPacket>([
    [host.publicKey, await signPacket(signerFromKeypair(host), records)],
    [
      user.publicKey,
      await signPacket(
        signerFromKeypair(user),
        withPolicyText(userRecords(null, host.publicKey), policy),
      ),
    ],
  ])
  const resolve = async (key: PublicKeyZ32) => packets.get(key) ?? null
  return createPkarrDirectory({ pkarr: { resolve }, ...(localHost ? { localHost } : {}) })
}

const local = homeserverRecords(host.publicKey, {
  publicIp: '127.0.0.1',
  icannDomain: 'localhost',
  httpPort: 6286,
})

describe('the directory', () => {
  test('finds the plain port of a local homeserver on the local network only', async () => {
    const here = await directoryOf(local, 'localhost')
    expect(await here.originOf(host.publicKey)).toBe('http://localhost:6286')
    const outside = await directoryOf(local)
    await expect(outside.originOf(host.publicKey)).rejects.toMatchObject({ code: 'no_endpoint' })
  })

  test('reaches other homeservers by their domain over TLS', async () => {
    const records = homeserverRecords(host.publicKey, {
      publicIp: '192.0.2.7',
      icannDomain: 'home.example.org',
    })
    const directory = await directoryOf(records, 'localhost')
    expect(await directory.originOf(host.publicKey)).toBe('https://home.example.org')
  })

  test('reads whom a person’s record names and when', async () => {
    const directory = await directoryOf(local)
    const home = await directory.homeOf(user.publicKey)
    expect(home?.host).toBe(host.publicKey)
    expect(home?.recordMicros).toBeTypeOf('bigint')
    expect(home?.policy).toEqual(policy)
    expect((await directory.homeOf(host.publicKey))?.host).toBeNull()
    const stranger = keypairFromSeed(new Uint8Array(32).fill(3)).publicKey
    expect(await directory.homeOf(stranger)).toBeNull()
  })
})
