import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from '@playwright/test'
import { afterAll, beforeAll, test } from 'vitest'

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
export type AppWindow = { pubky: Official; flow?: import('@synonymdev/pubky').AuthFlow }

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

export interface AppPages {
  /** `test`, skipped where there is no browser. */
  inBrowser: ReturnType<typeof test.skipIf>
  openApp(): Promise<Page>
}

/** Pages with the official client in Chromium, for the tests of the suite that calls this. */
export function appPages(): AppPages {
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

  return {
    inBrowser: test.skipIf(!executablePath),
    async openApp() {
      const page = await browser?.newPage()
      if (!page || !app) throw new Error('no browser')
      await page.goto(app.url)
      await page.waitForFunction(() => 'pubky' in window)
      return page
    },
  }
}
