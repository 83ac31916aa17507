import { expectAlive } from '../flows/onboarding.ts'
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
