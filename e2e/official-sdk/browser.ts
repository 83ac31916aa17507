import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from '@playwright/test'
import { randomKeypair, signerFromKeypair } from '@pubky/protocol'
import type { TestNetwork } from '@pubky/testkit/network'
import { afterAll, beforeAll, expect, test } from 'vitest'

const HOMESERVER = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'
const CAPABILITIES = '/pub/app.test/:rw'
const RELAYS = ['http://localhost:15412/link', 'http://localhost:15412/inbox/'] as const
const KNOWN = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = process.env.CHROMIUM_PATH ?? KNOWN.find((path) => existsSync(path))
const SDK_FILE = fileURLToPath(import.meta.resolve('@synonymdev/pubky')).replace(
  /index\.cjs$/,
  'index.js',
)
/** The page of an app: nothing but the unmodified browser build. */
const PAGE = '<!doctype html><title>app</title><script type="module" src="/sdk.js"></script>'

type Official = typeof import('@synonymdev/pubky')
/** What the browser build leaves at the page. */
type AppWindow = { pubky: Official; flow?: import('@synonymdev/pubky').AuthFlow }

async function serveApp(): Promise<{ server: Server; url: string }> {
  const sdk = await readFile(SDK_FILE)
  const server = createServer((request, response) => {
    const isSdk = request.url === '/sdk.js'
    response.setHeader('content-type', isSdk ? 'text/javascript' : 'text/html')
    response.end(isSdk ? sdk : PAGE)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}/` }
}

/** The official client as an app in Chromium, let in by our key manager. */
export function defineBrowser(network: () => TestNetwork): void {
  const inBrowser = test.skipIf(!executablePath)
  let browser: Browser | undefined
  let app: Awaited<ReturnType<typeof serveApp>> | undefined

  beforeAll(async () => {
    if (!executablePath) return
    app = await serveApp()
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    browser = await chromium.launch({ executablePath, args })
  })
  afterAll(async () => {
    await browser?.close()
    app?.server.close()
  })

  async function openApp(): Promise<Page> {
    const page = await browser?.newPage()
    if (!page || !app) throw new Error('no browser')
    await page.goto(app.url)
    await page.waitForFunction(() => 'pubky' in window)
    return page
  }

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
