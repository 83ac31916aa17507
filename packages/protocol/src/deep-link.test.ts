import { fc } from '@pubky/testkit/properties'
import { readVectors } from '@pubky/testkit/vectors'
import { describe, expect, it } from 'vitest'
import { parseCapabilities } from './capabilities.ts'
import { type DeepLink, formatDeepLink, parseDeepLink } from './deep-link.ts'
import { ProtocolError } from './errors.ts'
import { keypairFromSeed } from './keys.ts'

const vectors = readVectors<{
  valid: { text: string; canonical: string }[]
  invalid: { text: string; error: string }[]
}>('deep-links')

const key = keypairFromSeed(new Uint8Array(32)).publicKey
const text = fc.string({ unit: 'grapheme', maxLength: 30 })
const optional = fc.option(text)
const callbacks = fc.record({
  source: optional,
  success: optional,
  error: optional,
  cancel: optional,
})
const channel = {
  capabilities: fc.constantFrom('', '/:rw', '/pub/a b/:r,/priv/é:w').map(parseCapabilities),
  relay: fc.constantFrom('https://r.example/link/', 'http://localhost:1/inbox?a=b&c=d+e'),
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
}
const home = { homeserver: fc.constant(key), signupToken: optional }
const client = {
  clientId: text.filter((id) => id !== ''),
  clientKey: fc.constant(key),
}
const link: fc.Arbitrary<DeepLink> = fc.oneof(
  fc.record({ intent: fc.constant('signin' as const), ...channel, callbacks }),
  fc.record({ intent: fc.constant('signup' as const), ...channel, ...home, callbacks }),
  fc.record({ intent: fc.constant('signin_grant' as const), ...channel, ...client, callbacks }),
  fc.record({
    intent: fc.constant('signup_grant' as const),
    ...channel,
    ...home,
    ...client,
    callbacks,
  }),
  fc.record({ intent: fc.constant('direct_signup' as const), ...home, callbacks }),
  fc.record({
    intent: fc.constant('secret_export' as const),
    secretKey: channel.secret,
    callbacks,
  }),
)

describe('a deep link', () => {
  // covers 11.4.5b
  it.each(vectors.valid)('is read: $text', ({ text: raw, canonical }) => {
    expect(formatDeepLink(parseDeepLink(raw))).toBe(canonical)
    expect(parseDeepLink(canonical)).toEqual(parseDeepLink(raw))
  })

  it.each(vectors.invalid)('is refused with “$error”: $text', ({ text: raw, error }) => {
    expect(() => parseDeepLink(raw)).toThrow(new ProtocolError('invalid_deep_link', error))
  })

  // covers 11.1.4
  it('is read as it was written', () => {
    fc.assert(
      fc.property(link, (value) => {
        expect(parseDeepLink(formatDeepLink(value))).toEqual(value)
      }),
      { numRuns: 200 },
    )
  })

  it('is read, or refused with its error, whatever the text', () => {
    const parts = fc.constantFrom(
      'pubkyauth://',
      'pubkyring:///',
      'signin',
      'direct_signup',
      '?',
      '&',
      '=',
      'hs=',
      key,
      'x-success=%',
      '#',
      '%zz',
      '\n',
    )
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts, { maxLength: 10 }).map((list) => list.join('')),
    )
    fc.assert(
      fc.property(any, (raw) => {
        try {
          formatDeepLink(parseDeepLink(raw))
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          expect(error.code).toBe('invalid_deep_link')
        }
      }),
      { numRuns: 400 },
    )
  })

  it('has a greatest length', () => {
    const long = `pubkyauth://direct_signup?hs=${key}&x-source=${'a'.repeat(8192)}`
    expect(() => parseDeepLink(long)).toThrow('Failed to parse URL')
  })
})
