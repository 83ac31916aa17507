import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { fromHex, toBase64Url, utf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import {
  decodeGrant,
  decodeGrantCredential,
  encodeGrantCredential,
  GRANT_LIFETIME_SECONDS,
  signGrant,
  signPop,
  verifyGrant,
  verifyPop,
} from './grant.ts'
import { keypairFromSeed, randomKeypair } from './keys.ts'
import { type Signer, signerFromKeypair } from './signer.ts'

const { grant: vector } = readVectors<{
  grant: {
    userSeed: string
    clientSeed: string
    homeserverSeed: string
    jti: string
    nonce: string
    clientId: string
    caps: string[]
    iat: number
    exp: number
    grant: string
    pop: string
  }
}>('auth')

const root = signerFromKeypair(keypairFromSeed(fromHex(vector.userSeed)))
const clientPair = keypairFromSeed(fromHex(vector.clientSeed))
const client = signerFromKeypair(clientPair)
const homeserver = keypairFromSeed(fromHex(vector.homeserverSeed)).publicKey
const expected = { cnf: client.publicKey, aud: homeserver, gid: vector.jti, nowSeconds: vector.iat }

async function jws(signer: Signer, header: unknown, payload: unknown): Promise<string> {
  const part = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)))
  const signed = `${part(header)}.${part(payload)}`
  return `${signed}.${toBase64Url(await signer.sign(utf8(signed)))}`
}

const HEADER = { alg: 'EdDSA', typ: 'pubky-grant' }
const claims = {
  iss: root.publicKey,
  client_id: vector.clientId,
  caps: vector.caps,
  cnf: client.publicKey,
  jti: vector.jti,
  iat: vector.iat,
  exp: vector.exp,
}

function changed(text: string, at: number, to: string): string {
  return text.slice(0, at) + to + text.slice(at + 1)
}

describe('a grant', () => {
  it('has the published text', async () => {
    const { clientId, caps, jti, iat, exp } = vector
    const cnf = client.publicKey
    expect(await signGrant(root, { clientId, caps, cnf, jti, iat, exp })).toBe(vector.grant)
  })

  it('is read with its claims', async () => {
    expect(decodeGrant(vector.grant)).toEqual(claims)
    expect(await verifyGrant(vector.grant, vector.iat)).toEqual(claims)
    expect(await verifyGrant(vector.grant, vector.exp - 1)).toEqual(claims)
  })

  it('ends at exp', async () => {
    await expect(verifyGrant(vector.grant, vector.exp)).rejects.toThrow(
      new ProtocolError('grant_expired', 'grant has expired'),
    )
  })

  it('may have its fields in any order, and others', async () => {
    const entries = Object.entries(claims).reverse()
    const text = await jws(
      root,
      { typ: 'pubky-grant', alg: 'EdDSA', kid: 'x' },
      {
        ...Object.fromEntries(entries),
        extra: 1,
      },
    )
    expect(await verifyGrant(text, vector.iat)).toEqual(claims)
  })

  it('needs EdDSA, the issuer’s signature, and its type, in this order', async () => {
    const none = await jws(root, { alg: 'none', typ: 'pubky-grant' }, claims)
    const foreign = await jws(client, HEADER, claims)
    const pop = await jws(root, { alg: 'EdDSA', typ: 'pubky-pop' }, claims)
    for (const text of [none, foreign])
      await expect(verifyGrant(text, vector.iat)).rejects.toThrow(
        new ProtocolError('invalid_grant_signature', 'invalid grant signature'),
      )
    await expect(verifyGrant(pop, vector.exp)).rejects.toThrow(
      new ProtocolError('invalid_grant_type', 'invalid grant header type, expected pubky-grant'),
    )
  })

  // covers 11.2.14g
  it.each([
    { client_id: '' },
    { client_id: 'a'.repeat(254) },
    { client_id: 1 },
    { caps: '/:rw' },
    { caps: [1] },
    { caps: ['/pub/a'] },
    { caps: ['/:r,/:w'] },
    { caps: [''] },
    { cnf: 'x' },
    { cnf: 'y'.repeat(52) },
    { iss: undefined },
    { jti: '' },
    { jti: 'a'.repeat(23) },
    { jti: 'a b' },
    { iat: -1 },
    { iat: 1.5 },
    { exp: '1' },
    { exp: 2 ** 60 },
  ])('is refused with %o', async (change) => {
    const text = await jws(root, HEADER, { ...claims, ...change })
    expect(() => decodeGrant(text)).toThrow(
      new ProtocolError('invalid_grant_format', 'invalid grant format'),
    )
  })

  it.each(['', 'a', 'a.b', '..', 'a.b.c', 'e30.e30.', 'e30.W10.', 'bnVsbA.e30.', 'a.b.c.d'])(
    'is not %j',
    (text) => {
      expect(() => decodeGrant(text)).toThrow('invalid grant format')
    },
  )

  it('is refused when any character is changed', async () => {
    const at = fc.nat(vector.grant.length - 1)
    const to = fc.constantFrom('A', 'B', 'z', '0', '_', '-', '.', '=', ' ')
    await fc.assert(
      fc.asyncProperty(at, to, async (index, character) => {
        const text = changed(vector.grant, index, character)
        if (text === vector.grant) return
        await expect(verifyGrant(text, vector.iat)).rejects.toThrow(ProtocolError)
      }),
      { numRuns: 200 },
    )
  })

  it('lives two years by default', () => {
    expect(GRANT_LIFETIME_SECONDS).toBe(730 * 86_400)
  })
})

describe('a proof of possession', () => {
  it('has the published text', async () => {
    const { jti: gid, nonce, iat } = vector
    expect(await signPop(client, { aud: homeserver, gid, nonce, iat })).toBe(vector.pop)
    expect(await verifyPop(vector.pop, expected)).toEqual({ aud: homeserver, gid, nonce, iat })
  })

  // covers 11.2.14g
  it('has a nonce of its own each time', async () => {
    const pop = { aud: homeserver, gid: vector.jti, iat: vector.iat }
    const [a, b] = [await signPop(client, pop), await signPop(client, pop)]
    const [first, second] = [await verifyPop(a, expected), await verifyPop(b, expected)]
    expect(first.nonce).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(first.nonce).not.toBe(second.nonce)
  })

  it('is valid for three minutes both ways, inclusive', async () => {
    for (const away of [-180, 180])
      await verifyPop(vector.pop, { ...expected, nowSeconds: vector.iat + away })
    for (const away of [-181, 181])
      await expect(
        verifyPop(vector.pop, { ...expected, nowSeconds: vector.iat + away }),
      ).rejects.toThrow('PoP timestamp outside the allowed window')
  })

  it('is bound to client, homeserver, grant and type', async () => {
    const other = randomKeypair().publicKey
    const refusal = async (change: object) => verifyPop(vector.pop, { ...expected, ...change })
    await expect(refusal({ cnf: other })).rejects.toThrow('invalid PoP signature')
    await expect(refusal({ aud: other })).rejects.toThrow('PoP audience mismatch')
    await expect(refusal({ gid: 'other' })).rejects.toThrow('PoP grant id mismatch')
    const payload = { aud: homeserver, gid: vector.jti, nonce: 'a', iat: vector.iat }
    const wrongType = await jws(client, HEADER, payload)
    await expect(verifyPop(wrongType, expected)).rejects.toThrow('invalid PoP header type')
    const longNonce = await jws(client, HEADER, { ...payload, nonce: 'a'.repeat(23) })
    await expect(verifyPop(longNonce, expected)).rejects.toThrow('invalid PoP format')
  })

  it('is refused when any character is changed', async () => {
    const at = fc.nat(vector.pop.length - 1)
    await fc.assert(
      fc.asyncProperty(at, fc.constantFrom('A', 'B', 'z', '.', '='), async (index, character) => {
        const text = changed(vector.pop, index, character)
        if (text === vector.pop) return
        await expect(verifyPop(text, expected)).rejects.toThrow(
          expect.objectContaining({ code: 'invalid_pop' }),
        )
      }),
      { numRuns: 150 },
    )
  })
})

describe('a grant credential', () => {
  const text = encodeGrantCredential({ homeserver, client: clientPair, grant: vector.grant })

  it('is read as it was written', () => {
    expect(text.startsWith(`pubky-grant-credential-v1:${homeserver}:CQkJ`)).toBe(true)
    expect(decodeGrantCredential(text)).toEqual({
      homeserver,
      client: clientPair,
      grant: vector.grant,
    })
  })

  it.each([
    '',
    'pubky-grant-credential-v1',
    text.replace('v1', 'v2'),
    `${text}:more`,
    text.replace('CQkJ', 'CAkJ'),
    text.replace(homeserver, `pubky${homeserver}`),
    text.slice(0, -200),
  ])('is not %j', (bad) => {
    expect(() => decodeGrantCredential(bad)).toThrow(
      expect.objectContaining({ code: 'invalid_credential' }),
    )
  })
})
