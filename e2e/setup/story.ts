import { type BrowserContext, test as base, expect, type Page } from '@playwright/test'
import { type Person, signUp } from '../flows/onboarding.ts'
import { Guard } from './guard.ts'

interface Fixtures {
  guard: Guard
  /** A browser of its own: nobody in it yet. */
  visit: (path?: string, o?: { worker?: boolean }) => Promise<Page>
  /** Somebody new, signed up by hand, on the home page. */
  join: (name: string) => Promise<Person>
}

/** `test` of every story. A story fails when a browser complained, whatever it looked like. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from it.
  guard: async ({}, use) => {
    const guard = new Guard()
    await use(guard)
    expect(guard.complaints, 'the browser complained').toEqual([])
  },
  visit: async ({ browser, guard }, use) => {
    const contexts: BrowserContext[] = []
    await use(async (path, { worker = false } = {}) => {
      // What a service worker fetches cannot be held up or refused by a story.
      const serviceWorkers = worker ? 'allow' : 'block'
      const context = await browser.newContext({ baseURL: address(), serviceWorkers })
      contexts.push(context)
      await guard.watch(context)
      const page = await context.newPage()
      if (path) await page.goto(path)
      return page
    })
    for (const context of contexts) await context.close()
  },
  join: async ({ visit }, use) => {
    await use(async (name) => signUp(await visit('/onboarding'), name))
  },
})

/** Origin of the web app. */
export function address(): string {
  const url = process.env.PUBKY_E2E_URL
  if (!url) throw new Error('PUBKY_E2E_URL is not set: the network did not start.')
  return url
}

/** Base URL of the network's PKARR relay. */
export function relay(): string {
  return process.env.PUBKY_E2E_RELAY ?? 'http://localhost:15411'
}

export { expect }
