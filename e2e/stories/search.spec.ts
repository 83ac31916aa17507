import { card, publish, unique } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { AWAY } from '../setup/guard.ts'
import { address, expect, test } from '../setup/story.ts'

test('posts are found by words and tags, people by name and key', async ({ join, visit }) => {
  const name = unique('Zaphod')
  const author = await join(name)
  const text = unique('Heart of gold with an improbability drive')
  const tag = `drive${Date.now().toString(36)}`
  await publish(author.page, { text, tags: [tag] })

  const page = await visit('/search')
  await expectAccessible(page, 'search before a question')
  const field = page.getByRole('main').getByRole('searchbox')
  await field.fill(text)
  await field.press('Enter')
  await expect(card(page, text)).toBeVisible()
  await expectAccessible(page, 'found posts')

  await page.goto(`/search?q=${encodeURIComponent(name)}`)
  await page.getByRole('main').getByRole('link', { name: 'People', exact: true }).click()
  const people = page.getByRole('list', { name: 'People' })
  await expect(people.getByRole('link', { name: new RegExp(name) })).toBeVisible()
  await expectAccessible(page, 'found people')

  await page.goto(`/search?q=${encodeURIComponent(`#${tag}`)}`)
  await expect(card(page, text)).toBeVisible()
  await expectAccessible(page, 'posts with a tag')

  await page.goto(`/search?q=pubky${author.key}`)
  await page.getByRole('link', { name: 'Open the profile of this key' }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()

  await page.goto('/search?q=nothingcontainsthisword')
  await expect(page.getByText('No posts contain this')).toBeVisible()
})

test('without a connection a list says so, and loads when there is one', async ({
  visit,
  guard,
}) => {
  guard.allow(AWAY)
  const page = await visit()
  await page.route(
    (url) => url.origin !== address(),
    (route) => route.abort(),
  )
  await page.goto('/search?q=nothingcontainsthisword')
  const main = page.getByRole('main')
  await expect(main.getByRole('status')).toContainText('No connection')
  await expectAccessible(page, 'a search without a connection')
  await page.unrouteAll()
  await expect(main.getByText('No posts contain this')).toBeVisible()
})
