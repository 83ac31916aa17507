import { signOut } from '../flows/backup.ts'
import { signUp } from '../flows/onboarding.ts'
import { card, publish, unique } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { AWAY } from '../setup/guard.ts'
import { expect, test } from '../setup/story.ts'

test('the app opens without a connection, for the person it was made for alone', async ({
  visit,
  guard,
}) => {
  const page = await visit('/onboarding', { worker: true })
  await signUp(page, 'Person on a train')
  const text = unique('Read me in the tunnel')
  await publish(page, { text })
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await page.reload()
  await expect(card(page, text)).toBeVisible()

  guard.allow(AWAY, /Failed to fetch|could not be loaded|ERR_/)
  await page.context().setOffline(true)
  await page.reload()
  await expect(card(page, text)).toBeVisible()
  await expectAccessible(page, 'home without a connection')
  await page.goto('/post/nowhere/never')
  await expect(page.getByRole('heading', { name: 'No connection' })).toBeVisible()
  await expectAccessible(page, 'offline page')

  await page.context().setOffline(false)
  await page.goto('/home')
  await expect(card(page, text)).toBeVisible()
  await signOut(page)
  const keptFor = await page.evaluate(async () => {
    const people: (string | null)[] = []
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      const responses = await cache.matchAll()
      if (name.startsWith('pubky-pages'))
        people.push(...responses.map((one) => one.headers.get('pubky-page-for')))
    }
    return people
  })
  expect(keptFor.filter((person) => person !== 'guest')).toEqual([])
})

test('it can be installed, and opens the composer for what is shared with it', async ({ join }) => {
  const { page } = await join('Person who shares')
  const manifest = await (await page.request.get('/manifest.webmanifest')).json()
  for (const { src } of manifest.icons) expect((await page.request.get(src)).status()).toBe(200)
  await page.goto('/home?title=A+find&url=https%3A%2F%2Fexample.org%2Ffind')
  const dialog = page.getByRole('dialog', { name: 'New post' })
  await expect(dialog.getByLabel('Text of the post')).toHaveValue(
    'A find\nhttps://example.org/find',
  )
  await expect(page).toHaveURL(/\/home$/)
})

test('a newer version waits until its notice is pressed', async ({ visit }) => {
  const page = await visit('/home', { worker: true })
  const controller = () => navigator.serviceWorker.controller?.scriptURL ?? ''
  await page.waitForFunction(controller)
  await page.reload()
  await page.waitForFunction(() => navigator.serviceWorker.getRegistration())
  // Long enough for the page to look at its worker.
  await page.waitForTimeout(5000)
  await expect(page.getByText('A new version is ready.')).toHaveCount(0)
  await page.evaluate(() => navigator.serviceWorker.register('/sw.js?newer'))
  await expect(page.getByText('A new version is ready.')).toBeVisible()
  await expectAccessible(page, 'notice of a new version')
  expect(await page.evaluate(controller)).not.toContain('newer')
  await page.getByRole('button', { name: 'Reload' }).click()
  await page.waitForFunction(() => navigator.serviceWorker.controller?.scriptURL.includes('newer'))
})

test('the notice of a newer version works in each tab, also after another has brought it up', async ({
  visit,
}) => {
  const page = await visit('/home', { worker: true })
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await page.reload()
  const other = await page.context().newPage()
  await other.goto('/home')
  // Long enough for both to look at their worker.
  await page.waitForTimeout(5000)
  await page.evaluate(() => navigator.serviceWorker.register('/sw.js?newer'))
  for (const tab of [page, other])
    await expect(tab.getByText('A new version is ready.')).toBeVisible()
  for (const tab of [page, other]) {
    const isOld = () => tab.evaluate(() => 'isOld' in globalThis)
    await tab.evaluate(() => Object.assign(globalThis, { isOld: true }))
    await tab.getByRole('button', { name: 'Reload' }).click()
    await expect.poll(() => isOld().catch(() => true)).toBe(false)
  }
})

test('a page asks for a reload when its parts are gone with an older build', async ({
  join,
  guard,
}) => {
  guard.allow(/status of 404/, /Failed to load/, /Failed to fetch/)
  const { page } = await join('Person who left a tab open')
  await publish(page, { text: unique('Written long ago') })
  // Long enough for the page to look for newer versions.
  await page.waitForTimeout(5000)
  await page.route('**/_next/static/chunks/*', (route) => route.fulfill({ status: 404 }))
  await page.keyboard.press('?')
  await expect(page.getByText('A new version is ready.')).toBeVisible()
})
