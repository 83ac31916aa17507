import { card, publish, showNewPosts, unique } from '../flows/posts.ts'
import { expect, test } from '../setup/story.ts'

test('new posts wait behind a button and never move what one reads', async ({ join }) => {
  const writer = await join('Writer of news')
  const first = unique('The post that is read')
  await publish(writer.page, { text: first })
  for (const word of ['two', 'three', 'four'])
    await publish(writer.page, { text: unique(`Further down, ${word}`) })

  const reader = await join('Reader of news')
  const { page } = reader
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
})
