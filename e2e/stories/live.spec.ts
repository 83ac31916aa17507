import type { Person } from '../flows/onboarding.ts'
import { card, publish, showNewPosts, unique } from '../flows/posts.ts'
import { holdBack } from '../setup/hold-back.ts'
import { expect, test } from '../setup/story.ts'

/** What other stories publish meanwhile does not come between. */
async function readOnly({ page }: Person, writer: Person, name: string): Promise<void> {
  await page.goto(`/profile/${writer.key}`)
  await page
    .getByRole('main')
    .getByRole('button', { name: `Follow ${name}` })
    .click()
  await expect(
    writer.page.getByRole('link', { name: 'Notifications, 1 unread' }).filter({ visible: true }),
  ).toBeVisible()
  await page.goto('/home')
  await page.getByText('Following', { exact: true }).filter({ visible: true }).first().click()
}

test('new posts wait behind a button and never move what one reads', async ({ join }) => {
  const writer = await join('Writer of news')
  const first = unique('The post that is read')
  await publish(writer.page, { text: first })
  for (const word of ['two', 'three', 'four'])
    await publish(writer.page, { text: unique(`Further down, ${word}`) })

  const reader = await join('Reader of news')
  const { page } = reader
  await readOnly(reader, writer, 'Writer of news')
  const reading = card(page, first)
  await reading.scrollIntoViewIfNeeded()
  await page.mouse.wheel(0, 120)
  await expect(reading).toBeInViewport()
  const place = () => reading.evaluate((node) => Math.round(node.getBoundingClientRect().top))
  // Pictures and fonts have settled when two looks agree.
  let before = await place()
  await expect
    .poll(async () => {
      const last = before
      before = await place()
      return before - last
    })
    .toBe(0)

  const news = unique('The news')
  await publish(writer.page, { text: news })
  await expect(page.getByRole('button', { name: /^See \d+ new posts?$/ })).toBeVisible()
  await expect(card(page, news)).toHaveCount(0)
  expect(await place()).toBe(before)

  await showNewPosts(page)
  await expect(card(page, news)).toBeInViewport()
  await expect(page.getByRole('feed')).toBeFocused()
})

const SERVER_PAGE = 10
const PAGE = 20

test('new posts come on top of a long list while its next page is under way, and that page after them', async ({
  join,
}) => {
  const writer = await join('Writer of many')
  const word = unique('One of many')
  const textOf = (post?: number) => `${word}, number ${post} so far`
  const posts: number[] = []
  async function publishMany(count: number) {
    for (let n = 0; n < count; n += 1) {
      posts.unshift(posts.length + 1)
      // One after the other: several that wait are sent side by side.
      await publish(writer.page, { text: textOf(posts[0]) })
    }
  }
  await publishMany(SERVER_PAGE + PAGE + 2)

  const reader = await join('Reader of many')
  const { page } = reader
  await readOnly(reader, writer, 'Writer of many')
  await expect(card(page, word).first()).toBeVisible()

  // The second page comes, the third has to wait.
  const asked = new Set<string>()
  const third = await holdBack(page, ({ pathname, search }) => {
    const cursor = /"cursor":("[^"]+")/.exec(decodeURIComponent(search))?.[1]
    if (!pathname.includes('posts.stream') || !cursor) return false
    asked.add(cursor)
    return asked.size > 1
  })
  await page.goto('/home')
  await expect
    .poll(async () => {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
      return asked.size
    })
    .toBe(2)

  await publishMany(3)
  await expect(page.getByRole('button', { name: 'See 3 new posts' })).toBeVisible()
  await showNewPosts(page)
  await expect(card(page, textOf(posts[0]))).toBeInViewport()
  third.release()

  // Only what is near the screen is in the document.
  const seen = new Map<number, number>()
  await expect
    .poll(
      async () => {
        const texts = await page
          .getByRole('feed')
          .getByRole('article')
          .evaluateAll((nodes) =>
            nodes.map((node) => [node.getAttribute('aria-posinset'), node.textContent] as const),
          )
        for (const [at, text] of texts)
          seen.set(Number(at), Number(/, number (\d+) so far/.exec(text ?? '')?.[1]))
        await page.evaluate(() => scrollBy(0, innerHeight))
        return seen.size
      },
      { intervals: [100] },
    )
    .toBe(posts.length)
  await expect(page.getByText('You have seen it all.')).toBeVisible()
  expect([...seen].sort(([a], [b]) => a - b)).toEqual(posts.map((post, at) => [at + 1, post]))
})

test('a subscription that was refused is asked for again, and what was missed comes', async ({
  join,
  guard,
}) => {
  guard.allow(/status of 503/)
  const writer = await join('Writer who is refused')
  const reader = await join('Reader who is refused')
  const { page } = reader
  await readOnly(reader, writer, 'Writer who is refused')
  let refused = 0
  const subscription = /\/trpc\/live\.subscribe/
  await page.route(subscription, (route) => {
    refused += 1
    return route.fulfill({ status: 503, headers: { 'access-control-allow-origin': '*' } })
  })
  await page.reload()
  await expect.poll(() => refused).toBeGreaterThan(1)
  const news = unique('News that was missed')
  await publish(writer.page, { text: news })
  await page.unroute(subscription)
  await showNewPosts(page)
  await expect(card(page, news)).toBeInViewport()
  const more = unique('News that is live again')
  await publish(writer.page, { text: more })
  await showNewPosts(page)
  await expect(card(page, more)).toBeInViewport()
})
