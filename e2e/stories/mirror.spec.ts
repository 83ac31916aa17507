import type { Page, Request } from '@playwright/test'
import { expectAlive } from '../flows/onboarding.ts'
import { keeper, PASSWORD, section, unlock } from '../flows/root-key.ts'
import { homeserverAddress } from '../setup/addresses.ts'
import { expectAccessible } from '../setup/axe.ts'
import { type ClosedHomeserver, startClosedHomeserver } from '../setup/closed-homeserver.ts'
import { AWAY } from '../setup/guard.ts'
import { expect, relay, test } from '../setup/story.ts'

const TITLE = 'Keep a mirror'

/** What a homeserver has of a person's profile; null when it has none. */
async function profileAt(home: ClosedHomeserver, user: string): Promise<string | null> {
  const headers = { 'pubky-host': user }
  const answer = await fetch(`${home.url}/pub/pubky.app/profile.json`, { headers })
  return answer.ok ? answer.text() : null
}

/** Changes the status without loading the app anew. */
async function say(page: Page, status: string): Promise<void> {
  const link = (name: string) => page.getByRole('link', { name }).filter({ visible: true })
  await link('Edit profile').first().click()
  await page.getByLabel('Status').fill(status)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page).toHaveURL(/\/profile\/posts$/)
  await link('Settings').first().click()
  await link('Your data').first().click()
}

async function startMirror(page: Page, home: ClosedHomeserver, file: string) {
  await page.goto('/settings/data')
  const mirror = section(page, TITLE)
  await mirror.getByRole('button', { name: 'Set up a mirror' }).click()
  await mirror.getByLabel('Public key of the second homeserver').fill(home.key)
  await mirror.getByLabel('Invitation code').fill(await home.code())
  await unlock(mirror, file)
  await expect(mirror.getByRole('status')).toContainText('The copy has everything')
  return mirror
}

test('a mirror follows what a person does, and becomes the home', async ({ visit, guard }) => {
  test.slow()
  guard.allow(/status of 40[01349]/)
  await using second = await startClosedHomeserver(relay())
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody with a mirror')
  const cookies = await page.context().cookies()
  const user = cookies.find(({ name }) => name === 'viewer')?.value ?? ''
  await page.goto('/settings/data')
  const mirror = section(page, TITLE)
  const status = mirror.getByRole('status')
  const home = (await page.getByTestId('homeserver').textContent()) ?? ''

  await test.step('what cannot be mirrored to is said', async () => {
    await mirror.getByRole('button', { name: 'Set up a mirror' }).click()
    const to = mirror.getByLabel('Public key of the second homeserver')
    await to.fill(home)
    await expectAccessible(page, 'a mirror that is prepared')
    await unlock(mirror, file)
    await expect(mirror.getByRole('alert')).toContainText('Your account lives there already')
    await to.fill(second.key)
    await unlock(mirror, file)
    await expect(mirror.getByRole('alert')).toContainText('asks for a sign-up code')
  })

  await test.step('everything is copied', async () => {
    // The first copy can be paused; what was entered stays until it has worked.
    const { port } = new URL(second.url)
    const isWrite = (request: Request) =>
      request.method() === 'PUT' && new URL(request.url()).port === port
    await page.route('**', async (route) => {
      if (!isWrite(route.request())) await route.continue()
    })
    const held = page.waitForRequest(isWrite)
    await mirror.getByLabel('Invitation code').fill(await second.code())
    await unlock(mirror, file)
    await held
    await expect(status).toContainText('Copying everything')
    await expectAccessible(page, 'a mirror that is begun')
    await mirror.getByRole('button', { name: 'Pause' }).click()
    await expect(status).toContainText('Paused')
    await page.unrouteAll()
    await mirror.getByRole('button', { name: 'Go on' }).click()
    await expect(status).toContainText('The copy has everything')
    await expect(mirror.locator('[type=password]')).toHaveCount(0)
    await expectAccessible(page, 'a mirror that is fresh')
    expect(await profileAt(second, user)).toContain('Somebody with a mirror')
  })

  await test.step('what is written elsewhere in the app follows within moments', async () => {
    await say(page, 'mirrored at once')
    await expect.poll(() => profileAt(second, user)).toContain('mirrored at once')
    await expect(status).toContainText('The copy has everything')
  })

  await test.step('something else that needs the key does not close it for the mirror', async () => {
    const exporting = section(page, 'Take everything with you')
    await exporting.getByRole('button', { name: 'Export' }).click()
    await unlock(exporting, file)
    await expect(exporting.getByRole('status')).toContainText('The archive is complete')
    await say(page, 'after an export')
    await expect.poll(() => profileAt(second, user)).toContain('after an export')
  })

  await test.step('another tab knows, and does not run it twice', async () => {
    const tab = await page.context().newPage()
    await tab.goto('/settings/data')
    await expect(section(tab, TITLE).getByRole('status')).toContainText('in another tab')
    await expectAccessible(tab, 'a mirror of another tab')
    await tab.close()
  })

  await test.step('trouble is said and passes', async () => {
    const { port } = new URL(second.url)
    await page.route(
      (url) => url.port === port,
      async (route) => {
        if (route.request().method() === 'OPTIONS') return route.fallback()
        const headers = { 'access-control-allow-origin': '*' }
        await route.fulfill({ status: 401, headers, body: 'gone' })
      },
    )
    await say(page, 'while the second one is ill')
    await expect(status).toContainText('The copy is not fresh now')
    await expectAccessible(page, 'a mirror in trouble')
    await page.unrouteAll()
    await expect(status).toContainText('The copy has everything', { timeout: 60_000 })
    expect(await profileAt(second, user)).toContain('while the second one is ill')
  })

  await test.step('after a reload it waits for the key', async () => {
    await page.goto('/home')
    const notice = page.getByRole('region', { name: 'Something needs you' })
    await expect(notice).toContainText('Your mirror is paused.')
    await expect(notice).toContainText('The copy is as of')
    await expectAccessible(page, 'home with a paused mirror')
    await notice.getByRole('link', { name: 'Go on' }).click()
    await expect(page).toHaveURL(/\/settings\/data#mirror$/)
    await expect(notice).toBeHidden()
    await expect(status).toContainText('Paused')
    await expect(mirror).toContainText('Last known to have everything')
    await expectAccessible(page, 'a mirror that is paused')
    await mirror.getByRole('button', { name: 'Go on' }).click()
    await unlock(mirror, file, 'not the password')
    await expect(mirror.getByRole('alert')).toContainText('The password is wrong')
    await expectAccessible(page, 'a mirror behind the key')
    await unlock(mirror, file)
    await expect(status).toContainText('The copy has everything')
  })

  await test.step('the copy becomes the home', async () => {
    // The old home does not answer in the middle; the person stops and takes it up again.
    const moving = section(page, 'Move to another homeserver')
    const isPause = (url: URL) => url.href === `${homeserverAddress()}/moving`
    await page.route(isPause, () => {})
    await mirror.getByRole('button', { name: 'Make it my home' }).click()
    const dialog = page.getByRole('dialog')
    await expectAccessible(page, 'asking before the mirror becomes the home')
    await dialog.getByRole('button', { name: 'Make it my home' }).click()
    await expect(mirror.locator('[aria-current=step]')).toContainText('Pausing the old home')
    await expectAccessible(page, 'a mirror that becomes the home')
    await mirror.getByRole('button', { name: 'Stop' }).click()
    await expect(status).toContainText('Paused')
    await expect(moving).toContainText('was begun and has not ended')
    await page.unrouteAll()
    await mirror.getByRole('button', { name: 'Make it my home' }).click()
    await dialog.getByRole('button', { name: 'Make it my home' }).click()
    await unlock(mirror, file)
    await expect(mirror.getByText('You have moved')).toBeVisible()
    await expect(mirror).toContainText('The old home knows')
    await expect(moving.getByRole('button', { name: 'Move', exact: true })).toBeVisible()
    await expect(mirror).toContainText('This app goes on at the new home')
    await expect(page.getByTestId('homeserver')).toHaveText(second.key)
    await page.reload()
    await expect(mirror.getByRole('button', { name: 'Set up a mirror' })).toBeVisible()
    await say(page, 'at a new home')
    await expect.poll(() => profileAt(second, user)).toContain('at a new home')
    // Before its homeserver goes.
    await page.close()
  })
})

test('a mirror becomes the home when the first one is gone', async ({ visit, guard }) => {
  guard.allow(/status of 40[01349]/, AWAY)
  await using second = await startClosedHomeserver(relay())
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody whose home is lost')
  const mirror = await startMirror(page, second, file)
  await mirror.getByRole('button', { name: 'Pause' }).click()
  await expect(mirror.getByRole('status')).toContainText('Paused')
  await page.route(`${homeserverAddress()}/**`, (route) => route.abort())
  await mirror.getByRole('button', { name: 'Make it my home' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make it my home' }).click()
  await unlock(mirror, file)
  await expect(mirror.getByText('You have moved')).toBeVisible({ timeout: 90_000 })
  await expect(mirror).toContainText('Everything that the mirror had')
  await expect(page.getByTestId('homeserver')).toHaveText(second.key)
  await expectAccessible(page, 'a mirror that has become the home')
})

test('a mirror is stopped for good, from another tab too, and when somebody signs out', async ({
  visit,
  guard,
}) => {
  guard.allow(/status of 40[01349]/)
  await using second = await startClosedHomeserver(relay())
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody who stops a mirror')
  await startMirror(page, second, file)
  const tab = await page.context().newPage()
  await tab.goto('/settings/data')
  await expectAlive(tab)
  await section(tab, TITLE).getByRole('button', { name: 'Stop for good' }).click()
  const dialog = tab.getByRole('dialog')
  await expectAccessible(tab, 'asking before a mirror is stopped')
  await dialog.getByRole('button', { name: 'Stop for good' }).click()
  await expect(tab.getByText('The mirror was stopped')).toBeVisible()
  for (const one of [page, tab])
    await expect(section(one, TITLE).getByRole('button', { name: 'Set up a mirror' })).toBeVisible()
  await tab.close()

  await test.step('from right to left', async () => {
    await page.goto('/settings/data?lang=ar-XB')
    const card = page.getByRole('main').locator('section').nth(3)
    await card.getByRole('button').click()
    await card.locator('input').first().fill(second.key)
    await unlock(card, file, PASSWORD)
    await expect(card.getByRole('status').locator('svg.text-brand-text')).toBeVisible()
    await expectAccessible(page, 'a mirror from right to left')
  })

  await page.goto('/settings/account?lang=en')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/logout$/)
  const left = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const request = indexedDB.open('pubky-web')
        request.onsuccess = () => {
          const count = request.result.transaction('mirrors').objectStore('mirrors').count()
          count.onsuccess = () => resolve(count.result)
        }
      }),
  )
  expect(left).toBe(0)
})
