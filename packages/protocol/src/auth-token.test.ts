import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { AUTH_WINDOW_MICROS, signAuthToken, verifyAuthToken } from './auth-token.ts'
import { toMicros } from './brands.ts'
import { concat, fromHex, toHex } from './bytes.ts'
import { formatCapabilities } from './capabilities.ts'
import { ProtocolError } from './errors.ts'
import { keypairFromSeed, publicKeyBytes } from './keys.ts'
import { decodeSessionRecord, encodeSessionRecord } from './session-record.ts'
import { signerFromKeypair } from './signer.ts'

interface Vectors {
  authToken: { seed: string; timestamp: string; capabilities: string; token: string }
  sessionRecord: {
    seed: string
    createdAt: string
    name: string
    userAgent: string
    capabilities: string[]
    record: string
  }
}

const { authToken: vector, sessionRecord } = readVectors<Vectors>('auth')
const pair = keypairFromSeed(fromHex(vector.seed))
const signer = signerFromKeypair(pair)
const now = toMicros(BigInt(vector.timestamp))
const token = fromHex(vector.token)
const shifted = (by: bigint) => toMicros(now + by)

function changed(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ mask : byte))
}

/** The token with another body, signed again. */
async function resigned(body: Uint8Array): Promise<Uint8Array> {
  return concat(await signer.sign(body.subarray(1)), body)
}

describe('an AuthToken', () => {
  it('has the published bytes', async () => {
    expect(toHex(await signAuthToken(signer, vector.capabilities, now))).toBe(vector.token)
  })

  it('says who signed what when', async () => {
    const { publicKey, timestamp, capabilities } = await verifyAuthToken(token, now)
    expect(publicKey).toBe(pair.publicKey)
    expect(timestamp).toBe(now)
    expect(formatCapabilities(capabilities)).toBe('/:rw')
  })

  // covers 11.2.14a
  it('is valid for three minutes both ways, inclusive', async () => {
    await verifyAuthToken(token, shifted(AUTH_WINDOW_MICROS))
    await verifyAuthToken(token, shifted(-AUTH_WINDOW_MICROS))
    await expect(verifyAuthToken(token, shifted(AUTH_WINDOW_MICROS + 1n))).rejects.toThrow(
      new ProtocolError(
        'auth_token_expired',
        'AuthToken has a timestamp that is more than 3 minutes in the past',
      ),
    )
    await expect(verifyAuthToken(token, shifted(-AUTH_WINDOW_MICROS - 1n))).rejects.toThrow(
      new ProtocolError(
        'auth_token_in_future',
        'AuthToken has a timestamp that is more than 3 minutes in the future',
      ),
    )
  })

  it('does not cover the first byte of its namespace, as upstream', async () => {
    const odd = changed(token, 64)
    expect((await verifyAuthToken(odd, now)).publicKey).toBe(pair.publicKey)
  })

  // covers 11.2.14a
  it('is refused when any other bit is changed', async () => {
    const at = fc.nat(token.length - 1).filter((index) => index !== 64)
    await fc.assert(
      fc.asyncProperty(at, fc.nat(7), async (index, bit) => {
        await expect(verifyAuthToken(changed(token, index, 1 << bit), now)).rejects.toThrow(
          ProtocolError,
        )
      }),
      { numRuns: 150 },
    )
  })

  it('is refused at every shorter length, and with bytes after it', async () => {
    for (let length = 0; length < token.length; length += 1)
      await expect(verifyAuthToken(token.subarray(0, length), now)).rejects.toThrow(ProtocolError)
    const longer = concat(token, Uint8Array.of(0))
    await expect(verifyAuthToken(longer, now)).rejects.toThrow('Invalid Signature')
  })

  // covers 11.2.14a
  it('names an unknown version before anything else', async () => {
    const next = await resigned(changed(token, 74).subarray(64))
    await expect(verifyAuthToken(next, now)).rejects.toThrow(
      new ProtocolError('auth_token_version', 'Unknown version'),
    )
  })

  it('carries the capability’s own error', async () => {
    const bad = await signAuthToken(signer, '/pub/a:x', now)
    await expect(verifyAuthToken(bad, now)).rejects.toThrow(
      'invalid capability at position 1 (`/pub/a:x`): invalid capability action `x`',
    )
  })

  it('is refused from a key of small order', async () => {
    const body = Uint8Array.from(token.subarray(64))
    body.fill(0, 19, 51)
    await expect(verifyAuthToken(concat(token.subarray(0, 64), body), now)).rejects.toThrow(
      ProtocolError,
    )
  })

  it('reads any bytes or refuses them with a listed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (tail) => {
        const bytes = concat(token.subarray(0, 115), tail)
        await expect(verifyAuthToken(bytes, now)).rejects.toThrow(ProtocolError)
        await expect(verifyAuthToken(tail, now)).rejects.toThrow(ProtocolError)
      }),
    )
  })
})

describe('a session record', () => {
  const { publicKey } = keypairFromSeed(fromHex(sessionRecord.seed))
  const record = {
    publicKey,
    createdAt: BigInt(sessionRecord.createdAt),
    name: sessionRecord.name,
    userAgent: sessionRecord.userAgent,
    capabilities: sessionRecord.capabilities,
  }

  // covers 11.2.14b
  it('has the published bytes', () => {
    expect(toHex(encodeSessionRecord(record))).toBe(sessionRecord.record)
    expect(decodeSessionRecord(fromHex(sessionRecord.record))).toEqual(record)
  })

  it('is read as it was written', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 })
    const any = fc.record({
      publicKey: fc.constant(publicKey),
      createdAt: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      name: text,
      userAgent: text,
      capabilities: fc.array(text, { maxLength: 4 }),
    })
    fc.assert(
      fc.property(any, (value) => {
        expect(decodeSessionRecord(encodeSessionRecord(value))).toEqual(value)
      }),
    )
  })

  it('is refused when cut, of another version, or of a number that does not fit', () => {
    const bytes = fromHex(sessionRecord.record)
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decodeSessionRecord(bytes.subarray(0, length))).toThrow(ProtocolError)
    expect(() => decodeSessionRecord(changed(bytes, 0))).toThrow('not a session record')
    const big = concat(bytes.subarray(0, 33), fromHex(`${'ff'.repeat(9)}02`), bytes.subarray(34))
    expect(() => decodeSessionRecord(big)).toThrow('not a session record')
  })

  it('reads any bytes or refuses them with its error', () => {
    const head = concat(Uint8Array.of(0), publicKeyBytes(publicKey))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (tail, real) => {
        try {
          decodeSessionRecord(real ? concat(head, tail) : tail)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          expect(error.code).toBe('invalid_session_record')
        }
      }),
      { numRuns: 300 },
    )
  })
})
