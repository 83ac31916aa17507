import type { Locator, Page } from '@playwright/test'
import { createAccount, expectAlive, signUp } from '../flows/onboarding.ts'
import { card, expectDelivered, publish, unique } from '../flows/posts.ts'
import { holdBack } from '../setup/hold-back.ts'
import { expect, test } from '../setup/story.ts'

test('a button works as soon as it is seen, before the page has come to life', async ({ join }) => {
  const { page } = await join('Impatient person')
  const text = unique('Press me early')
  await publish(page, { text })
  await page.waitForTimeout(500)
  const scripts = await holdBack(page, '**/_next/static/chunks/*.js')
  await page.goto('/home', { waitUntil: 'commit' })
  const post = card(page, text)
  await post.getByRole('button', { name: 'Bookmark', exact: true }).click()
  expect(await page.evaluate(() => 'earlyClicks' in globalThis)).toBe(true)
  scripts.release()
  await expect(post.getByRole('button', { name: 'Remove bookmark' })).toBeVisible()
  await page.context().unrouteAll({ behavior: 'wait' })
  await expect(page.getByText(/changes? waiting to be sent/)).toHaveCount(0)
})

test('what is about to be pressed does not move when the page comes to life', async ({ join }) => {
  const { page } = await join('Other hand')
  await page.goto('/onboarding')
  await signUp(page, 'Steady hand')
  const places = () =>
    Promise.all(
      [
        page.getByRole('main').getByRole('button', { name: 'Sign out', exact: true }),
        page.locator('header a[href="/profile"]'),
      ].map((button) => button.boundingBox()),
    )
  async function staysInPlace(): Promise<void> {
    const lifeless = await openLifeless(page, '/settings/account')
    await expect(
      page.getByRole('main').getByRole('button', { name: 'Sign out', exact: true }),
    ).toBeVisible()
    const before = await places()
    await lifeless.comesToLife()
    await expect(page.getByRole('button', { name: 'Sign out of Other hand' })).toBeVisible()
    expect(await places()).toEqual(before)
  }
  await staysInPlace()

  // A browser that signed in before the server was told how many there are.
  await page.context().clearCookies({ name: 'others' })
  await page.goto('/home')
  await expectAlive(page)
  await staysInPlace()
})

test('a page is seen before its scripts are asked for, and the landing page runs none', async ({
  visit,
}) => {
  const page = await visit()
  // Without it no script can ask for another.
  const runtime = await holdBack(page, '**/_next/static/chunks/turbopack-*.js')
  await page.goto('/home', { waitUntil: 'commit' })
  const mine = page.locator('script[src*="/chunks/"]:not([nomodule])')
  await expect.poll(() => mine.count()).toBeGreaterThan(10)
  runtime.release()
  await expectAlive(page)
  const { painted, asked } = await page.evaluate(() => {
    const [paint] = performance.getEntriesByName('first-contentful-paint')
    const scripts = performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js') && !name.includes('/start-'))
    return { painted: paint?.startTime, asked: scripts.map((script) => script.startTime) }
  })
  expect(asked.length).toBeGreaterThan(5)
  expect(Math.min(...asked)).toBeGreaterThan(painted ?? Number.POSITIVE_INFINITY)

  const main = page.waitForResponse(/\/turbopack-[^/]*\.js$/)
  await page.goto('/')
  // Only for the page after it.
  expect((await main).request().resourceType()).toBe('fetch')
  expect(await page.locator('script[src]:not([nomodule])').count()).toBe(1)
})

test('a post can be written before the page has come to life', async ({ join }) => {
  const { page } = await join('Quick writer')
  const scripts = await holdBack(page, '**/_next/static/chunks/*.js')
  await page.goto('/home', { waitUntil: 'commit' })
  const main = page.getByRole('main')
  const text = unique('Written at once')
  await main.getByLabel('Text of the post').fill(text)
  scripts.release()
  await main.getByRole('button', { name: 'Post', exact: true }).click()
  await expectDelivered(card(page, text))
})

test('words typed before the page has come to life leave the draft of before beside them', async ({
  join,
}) => {
  const { page } = await join('Writer of two thoughts')
  const field = page.getByRole('main').getByLabel('Text of the post')
  const [kept, quick] = [unique('Kept from before'), unique('Typed at once')]
  await field.fill(kept)
  await page.reload()
  await expect(page.getByText('Your draft is back.')).toBeVisible()

  const scripts = await holdBack(page, '**/_next/static/chunks/*.js')
  await page.goto('/home', { waitUntil: 'commit' })
  await field.fill(quick)
  scripts.release()
  await expectAlive(page)
  await expect(field).toHaveValue(quick)
  await page.goto('/drafts')
  for (const text of [quick, kept])
    await expect(page.getByRole('listitem').filter({ hasText: text })).toBeVisible()
})

/** Opens a page that shows what the server sent and runs nothing yet. */
async function openLifeless(page: Page, path: string) {
  await page.context().unrouteAll({ behavior: 'wait' })
  const scripts = await holdBack(page, '**/_next/static/chunks/*.js')
  await page.goto(path, { waitUntil: 'commit' })
  return {
    async comesToLife() {
      scripts.release()
      await expectAlive(page)
    },
  }
}

/** Types words and goes back before the last letter, where the next is going to be. */
async function type(field: Locator, words: string): Promise<void> {
  await field.click()
  await field.press('End')
  await field.pressSequentially(words)
  await field.press('ArrowLeft')
}

/** The field has the focus, and what is typed next comes where it was going to be. */
async function goOn(field: Locator, words: string, letter: string): Promise<void> {
  await expect(field).toHaveValue(words)
  await expect(field).toBeFocused()
  await field.page().keyboard.type(letter)
  await expect(field).toHaveValue(`${words.slice(0, -1)}${letter}${words.slice(-1)}`)
}

test('what is entered for signing in before the page has come to life stays, and stays secret', async ({
  visit,
}) => {
  const page = await visit()
  const submit = page.getByRole('button', { name: 'Sign in', exact: true })
  const password = page.getByLabel('Password of the file')

  const byFile = await openLifeless(page, '/sign-in')
  await page
    .locator('[type=file]')
    .setInputFiles({ name: 'mine.pkarr', mimeType: '', buffer: Buffer.alloc(91) })
  await type(password, 'sesam-open')
  await password.press('Enter')
  await byFile.comesToLife()
  await expect(page.getByText('mine.pkarr')).toBeVisible()
  await expect(submit).toBeEnabled()
  await goOn(password, 'sesam-open', 'x')
  const traces = await page.evaluate(() =>
    JSON.stringify([location.href, history.state, { ...localStorage }, { ...sessionStorage }]),
  )
  expect(traces).not.toContain('sesam')
  expect(new URL(page.url()).search).toBe('')

  const byPhrase = await openLifeless(page, '/sign-in')
  await page.getByText('Phrase', { exact: true }).click()
  await byPhrase.comesToLife()
  await page.getByLabel('Word 1', { exact: true }).fill('abandon '.repeat(12))
  await expect(submit).toBeEnabled()
})

test('what a newcomer types before a page has come to life stays', async ({ visit }) => {
  const page = await visit()
  const first = await openLifeless(page, '/onboarding/pubky')
  await page.getByText('Use another homeserver').click()
  await page.getByLabel('Sign-up code').fill('abcd')
  const host = page.getByLabel('Public key of the homeserver')
  await type(host, 'nobody')
  await host.press('Enter')
  await first.comesToLife()
  await goOn(host, 'nobody', 'x')
  // As the state has it.
  await expect(page.getByLabel('Sign-up code')).toHaveValue('ABCD')
  await page.getByLabel('Sign-up code').fill('')
  await host.fill('')
  expect(new URL(page.url()).search).toBe('')
  await createAccount(page)

  await page.getByRole('button', { name: 'Remind me later' }).click()
  await expect(page).toHaveURL(/\/onboarding\/profile$/)
  const last = await openLifeless(page, '/onboarding/profile')
  const bio = page.getByLabel(/^About you/)
  await type(bio, 'Types fast')
  const name = page.getByLabel('Name', { exact: true })
  await type(name, 'Early bird')
  await name.press('Enter')
  await last.comesToLife()
  await goOn(name, 'Early bird', 'x')
  await expect(page.getByText('11/50')).toBeVisible()
  await expect(bio).toHaveValue('Types fast')
  await page.getByRole('button', { name: 'Finish' }).click()
  await expect(page).toHaveURL(/\/home$/)
  await expectAlive(page)

  await test.step('and so does what is added to a profile', async () => {
    const again = await openLifeless(page, '/settings/edit')
    const main = page.getByRole('main')
    const status = main.getByLabel('Status')
    await status.fill('Awake')
    const text = main.getByLabel('About you')
    await type(text, ', thinks later')
    await again.comesToLife()
    await goOn(text, 'Types fast, thinks later', 'x')
    await expect(status).toHaveValue('Awake')
    await main.getByLabel('Name', { exact: true }).press('Enter')
    await expect(page).toHaveURL(/\/profile\/posts$/)
    await expect(page.getByText('Types fast, thinks latexr')).toBeVisible()
  })
})

test('words that are searched for stay while the page comes to life', async ({ visit }) => {
  const page = await visit()
  const search = await openLifeless(page, '/search?q=before')
  const field = page.getByRole('main').getByRole('searchbox')
  await type(field, ' and after')
  await search.comesToLife()
  await page.getByRole('main').getByRole('button', { name: 'Search' }).click()
  await expect(page).toHaveURL('/search?q=before%20and%20after')
})
