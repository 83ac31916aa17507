import {
  createRecoveryFile,
  keypairFromSeed,
  openRecoveryFile,
  parseDeepLink,
} from '@pubky/protocol'
import {
  AuthFlowKind,
  Client,
  Keypair,
  Pubky,
  PublicKey,
  resolvePubky,
  SigninDeepLink,
  SignupDeepLink,
  validateCapabilities,
} from '@synonymdev/pubky'
import { expect, test } from 'vitest'

const HOMESERVER = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
const SEED = new Uint8Array(32).fill(7)
const KEY = keypairFromSeed(SEED).publicKey
const RELAY = 'http://localhost:15412/link'

/** What the official client does without a server, beside what ours makes of the same. */
export function defineClientSide(): void {
  // covers 11.3.3
  test('a client takes no, some and all settings, and refuses an address that is none', () => {
    const relays = ['http://localhost:15411/']
    for (const config of [
      undefined,
      {},
      { pkarr: { relays } },
      { pkarr: { relays, requestTimeout: 1000 } },
    ])
      expect(Pubky.withClient(new Client(config)).client).toBeInstanceOf(Client)
    expect(() => new Client({ pkarr: { relays: ['no address'] } })).toThrow(
      expect.objectContaining({ name: 'InvalidInput' }),
    )
  })

  // covers 11.3.1d
  test('capabilities are put in order, and the bad ones are named', () => {
    expect(validateCapabilities('/pub/a/:wr,/pub/b/:r')).toBe('/pub/a/:rw,/pub/b/:r')
    expect(validateCapabilities('')).toBe('')
    expect(() => validateCapabilities('/pub/a:x,/pub/b:r,nope')).toThrow(
      expect.objectContaining({
        name: 'InvalidInput',
        message: 'Invalid capability entries: /pub/a:x, nope',
        data: { invalidEntries: ['/pub/a:x', 'nope'] },
      }),
    )
  })

  // covers 11.3.1c
  test('a flow refuses malformed capabilities, orders good ones, and may ask for none', () => {
    const linkOf = (capabilities: string) =>
      parseDeepLink(
        Pubky.testnet().startAuthFlow(capabilities as never, AuthFlowKind.signin(), RELAY)
          .authorizationUrl,
      )
    expect(linkOf('/pub/a/:wr')).toMatchObject({
      intent: 'signin',
      relay: RELAY,
      capabilities: [{ scope: '/pub/a/', read: true, write: true }],
    })
    expect(linkOf('')).toMatchObject({ capabilities: [] })
    expect(() => linkOf('nope')).toThrow(expect.objectContaining({ name: 'InvalidInput' }))
  })

  // covers 11.3.4
  test('links to sign in and to sign up say the same to both clients', () => {
    const channel = `caps=/pub/a/:rw&relay=${RELAY}&secret=WYi1GjoBnYaGp9-fjAi9_aqiWAK2dkK220HhqRipUR4`
    const signIn = SigninDeepLink.parse(`pubkyauth://signin?${channel}`)
    const signUp = SignupDeepLink.parse(`pubkyauth://signup?${channel}&hs=${HOMESERVER}&st=TOKEN`)
    for (const link of [signIn, signUp]) {
      const ours = parseDeepLink(link.toString())
      expect(ours).toMatchObject({ relay: link.baseRelayUrl, secret: link.secret })
      expect(link.capabilities).toBe('/pub/a/:rw')
    }
    expect(parseDeepLink(signUp.toString())).toMatchObject({
      intent: 'signup',
      homeserver: signUp.homeserver.z32(),
      signupToken: signUp.signupToken,
    })
    expect(() => SigninDeepLink.parse(signUp.toString())).toThrow(
      expect.objectContaining({ name: 'InvalidInput' }),
    )
  })

  // covers 11.3.6a
  test('keys have the same names for both clients', () => {
    expect(Keypair.fromSecret(SEED).publicKey.z32()).toBe(KEY)
    expect(PublicKey.from(KEY).toString()).toBe(`pubky${KEY}`)
    expect(PublicKey.from(`pubky${KEY}`).z32()).toBe(KEY)
    let refused = false
    try {
      Keypair.fromSecret(new Uint8Array(31))
    } catch {
      refused = true
    }
    expect(refused).toBe(true)
  })

  // covers 11.3.6b
  test('a recovery file of one client opens in the other', async () => {
    const theirs = Keypair.fromSecret(SEED).createRecoveryFile('a passphrase')
    expect((await openRecoveryFile(theirs, 'a passphrase')).publicKey).toBe(KEY)
    const ours = await createRecoveryFile(SEED, 'a passphrase')
    expect(Keypair.fromRecoveryFile(ours, 'a passphrase').publicKey.z32()).toBe(KEY)
    expect(() => Keypair.fromRecoveryFile(ours, 'another')).toThrow(
      expect.objectContaining({ name: 'ClientStateError' }),
    )
  })

  // covers 11.3.9a
  test('addresses become addresses of requests', () => {
    for (const address of [`pubky://${KEY}/pub/a b.txt`, `pubky${KEY}/pub/a b.txt`])
      expect(resolvePubky(address)).toBe(`https://_pubky.${KEY}/pub/a%20b.txt`)
  })
}
