import { keypairFromSeed, randomKeypair, signerFromKeypair, utf8 } from '@pubky/protocol'
import type { TestNetwork } from '@pubky/testkit/network'
import { AuthFlowKind, Keypair, Pubky, PublicKey, type Session } from '@synonymdev/pubky'
import { expect, test } from 'vitest'

export const HOMESERVER = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
const CAPABILITIES = '/pub/app.test/:rw'
const RELAYS = ['http://localhost:15412/link', 'http://localhost:15412/inbox/'] as const

const signerOf = (secret: Uint8Array) => Pubky.testnet().signer(Keypair.fromSecret(secret))
const homeserver = () => PublicKey.from(HOMESERVER)

async function officialPerson() {
  const secret = Keypair.random().secret()
  await signerOf(secret).signup(homeserver(), null)
  return { secret, key: Keypair.fromSecret(secret).publicKey.z32() }
}

/** By a client that knows nothing yet: on a busy machine it may give up before the DHT answers. */
export async function homeOf(key: string): Promise<string | undefined> {
  return (await Pubky.testnet().getHomeserverOf(PublicKey.from(key)))?.z32()
}

/** The auth flow through our relay, with the official client as app, as key manager, and as both. */
export function defineAuthFlow(network: () => TestNetwork): void {
  for (const relay of RELAYS) {
    const family = new URL(relay).pathname

    // covers 11.1.3, 11.3.1b
    test(`an official app is let in by an official key manager over ${family}`, async () => {
      const { secret, key } = await officialPerson()
      const flow = Pubky.testnet().startAuthFlow(CAPABILITIES, AuthFlowKind.signin(), relay)
      await signerOf(secret).approveAuthRequest(flow.authorizationUrl)
      const session = await flow.awaitApproval()
      expect(session.info.publicKey.z32()).toBe(key)
      expect(session.info.capabilities).toEqual([CAPABILITIES])
      await session.storage.putText('/pub/app.test/a.txt', 'hello')
      const refused = session.storage.putText('/pub/other/a.txt', 'x')
      await expect(refused).rejects.toMatchObject({ data: { statusCode: 403 } })
    })

    test(`an official app is let in by our key manager over ${family}`, async () => {
      const { secret, key } = await officialPerson()
      const flow = Pubky.testnet().startAuthFlow(CAPABILITIES, AuthFlowKind.signin(), relay)
      const root = signerFromKeypair(keypairFromSeed(secret))
      const approving = network().client().approveAuth(root, flow.authorizationUrl)
      const session = await flow.awaitApproval()
      await approving
      expect(session.info.publicKey.z32()).toBe(key)
      await session.storage.putText('/pub/app.test/a.txt', 'hello')
    })

    // covers 11.3.1a
    test(`an official app has a new person signed up by our key manager over ${family}`, async () => {
      const root = signerFromKeypair(randomKeypair())
      const kind = AuthFlowKind.signup(homeserver(), null)
      const flow = Pubky.testnet().startAuthFlow(CAPABILITIES, kind, relay)
      const approving = network().client().approveAuth(root, flow.authorizationUrl)
      const session = await flow.awaitApproval()
      await approving
      expect(session.info.publicKey.z32()).toBe(root.publicKey)
      await expect.poll(() => homeOf(root.publicKey)).toBe(HOMESERVER)
    })

    test(`our app is let in by an official key manager over ${family}`, async () => {
      const { secret, key } = await officialPerson()
      const flow = await network().client().startAuth({ capabilities: CAPABILITIES, relay })
      await signerOf(secret).approveAuthRequest(flow.url)
      const session = await flow.session
      expect([session.user, session.capabilities]).toEqual([key, [CAPABILITIES]])
      await session.storage.put('/pub/app.test/a.txt', utf8('hello'))
      const read = await Pubky.testnet().publicStorage.getText(`pubky://${key}/pub/app.test/a.txt`)
      expect(read).toBe('hello')
    })
  }

  test('an official app asks who somebody is, and is told by a token alone', async () => {
    const { secret, key } = await officialPerson()
    const flow = Pubky.testnet().startAuthFlow('' as never, AuthFlowKind.signin(), RELAYS[0])
    await signerOf(secret).approveAuthRequest(flow.authorizationUrl)
    const token = await flow.awaitToken()
    expect(token.publicKey.z32()).toBe(key)
    expect(token.capabilities).toEqual([])
  })

  test('an official app polls step by step', async () => {
    const { secret, key } = await officialPerson()
    const flow = Pubky.testnet().startAuthFlow(CAPABILITIES, AuthFlowKind.signin(), RELAYS[0])
    expect(await flow.tryPollOnce()).toBeUndefined()
    await signerOf(secret).approveAuthRequest(flow.authorizationUrl)
    let session: Session | undefined
    const poll = async () => {
      session ??= await flow.tryPollOnce()
      return session !== undefined
    }
    await expect.poll(poll).toBe(true)
    expect(session?.info.publicKey.z32()).toBe(key)
  })
}
