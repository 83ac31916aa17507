import {
  blake3,
  createObjectProof,
  parseStrictPath,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  signGrant,
  toMicros,
  utf8,
} from '@pubky/protocol'
import { expect, test } from 'vitest'
import { keyCollector } from './signing-keys.ts'

const NOW = 1_800_000_000
const owner = signerFromKeypair(randomKeypair())
const path = parseStrictPath('/pub/pubky.app/profile.json')

async function app(clientId: string, o: { by?: Signer; iat?: number; pair?: typeof pair } = {}) {
  const keys = o.pair ?? randomKeypair()
  const iat = o.iat ?? NOW
  const times = { iat, exp: iat + 1000 }
  const caps = ['/pub/pubky.app/:rw']
  const grant = await signGrant(o.by ?? owner, { clientId, caps, cnf: keys.publicKey, ...times })
  return signerFromKeypair(keys, grant)
}

async function proof(signer: Signer, seconds: number, of = owner) {
  const timestamp = toMicros(BigInt(NOW + seconds) * 1_000_000n)
  const hash = await blake3(utf8('x'))
  return createObjectProof(signer, { owner: of.publicKey, action: 'PUT', path, hash, timestamp })
}

const pair = randomKeypair()

test('keys are gathered with their app and when they signed, the last used first', async () => {
  const { add, list } = keyCollector(owner.publicKey)
  const phone = await app('phone')
  await add(await proof(owner, 5))
  await add(await proof(phone, 20))
  await add(await proof(phone, 10))
  expect(list()).toEqual([
    {
      key: phone.publicKey,
      client: 'phone',
      count: 2,
      firstMs: (NOW + 10) * 1000,
      lastMs: (NOW + 20) * 1000,
      untilMs: (NOW + 1000) * 1000,
      revokedAtMs: null,
    },
    expect.objectContaining({ key: owner.publicKey, client: null, count: 1, untilMs: null }),
  ])
})

test('a key that had several grants is called as in the newest, and holds as long as the last', async () => {
  const { add, list } = keyCollector(owner.publicKey)
  await add(await proof(await app('new name', { pair, iat: NOW + 50 }), 60))
  await add(await proof(await app('old name', { pair }), 10))
  expect(list()).toEqual([
    expect.objectContaining({ client: 'new name', count: 2, untilMs: (NOW + 1050) * 1000 }),
  ])
})

test('revoked keys come last, also those of which nothing else is known', async () => {
  const { add, revoke, list } = keyCollector(owner.publicKey)
  const [phone, laptop] = [await app('phone'), await app('laptop')]
  await add(await proof(phone, 20))
  await add(await proof(laptop, 10))
  revoke(phone.publicKey, 7)
  revoke(pair.publicKey, 8)
  expect(list().map(({ client, revokedAtMs }) => [client, revokedAtMs])).toEqual([
    ['laptop', null],
    ['phone', 7],
    [null, 8],
  ])
})

test('what the owner never allowed, or cannot be read, is no key of theirs', async () => {
  const { add, list } = keyCollector(owner.publicKey)
  const stranger = signerFromKeypair(randomKeypair())
  await add(await proof(await app('thief', { by: stranger }), 1))
  await add(await proof(stranger, 1, stranger))
  await add(Uint8Array.of(1, 2, 3))
  expect(list()).toEqual([])
})
