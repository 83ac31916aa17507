import { randomKeypair, signerFromKeypair } from '@pubky/protocol'
import type { TestNetwork } from '@pubky/testkit/network'
import { expect } from 'vitest'
import type { AppPages, AppWindow } from './app-page.ts'

const HOMESERVER = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
const CAPABILITIES = '/pub/app.test/:rw'
const RELAYS = ['http://localhost:15412/link', 'http://localhost:15412/inbox/'] as const

/** The official client as an app in Chromium, let in by our key manager. */
export function defineBrowser(network: () => TestNetwork, { inBrowser, openApp }: AppPages): void {
  for (const relay of RELAYS)
    for (const isNew of [false, true]) {
      const how = isNew ? 'has a new person signed up' : 'is let in'
      inBrowser(`an official app in Chromium ${how} over ${new URL(relay).pathname}`, async () => {
        const root = signerFromKeypair(randomKeypair())
        const manager = network().client()
        if (!isNew) await manager.signUp(root, network().homeserverKey)
        const page = await openApp()
        const url = await page.evaluate(
          ({ capabilities, at, homeserver }) => {
            const own = window as unknown as AppWindow
            const { Pubky, AuthFlowKind, PublicKey } = own.pubky
            const kind = homeserver
              ? AuthFlowKind.signup(PublicKey.from(homeserver), null)
              : AuthFlowKind.signin()
            own.flow = Pubky.testnet().startAuthFlow(capabilities as '/pub/app.test/:rw', kind, at)
            return own.flow.authorizationUrl
          },
          { capabilities: CAPABILITIES, at: relay, homeserver: isNew ? HOMESERVER : null },
        )
        const approving = manager.approveAuth(root, url)
        const result = await page.evaluate(async () => {
          const session = await (window as unknown as AppWindow).flow?.awaitApproval()
          await session?.storage.putText('/pub/app.test/a.txt', 'from a browser')
          return {
            user: session?.info.publicKey.z32(),
            capabilities: session?.info.capabilities,
            text: await session?.storage.getText('/pub/app.test/a.txt'),
          }
        })
        await approving
        expect(result).toEqual({
          user: root.publicKey,
          capabilities: [CAPABILITIES],
          text: 'from a browser',
        })
        await page.close()
      })
    }
}
