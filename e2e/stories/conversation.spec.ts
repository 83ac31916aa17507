import {
  card,
  expectDelivered,
  open,
  publish,
  showNewPosts,
  unique,
  write,
} from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { picture } from '../setup/picture.ts'
import { expect, test } from '../setup/story.ts'

test('two people sign up, one posts, the other sees it live and replies, and the first is told', async ({
  visit,
  join,
  guard,
}) => {
  const ada = await join('Ada of the story')
  const grace = await join('Grace of the story')
  await expect(grace.page.getByRole('main')).toBeVisible()

  await test.step('one posts with a tag and a picture', async () => {
    await expectAccessible(ada.page, 'home')
  })
  const text = unique('The first engine weaves patterns')
  const own = await publish(ada.page, {
    text,
    tags: ['engines'],
    pictures: [picture('Loom of patterns')],
  })
  await expect(own.getByRole('button', { name: /^engines/ })).toBeVisible()
  await expectAccessible(ada.page, 'home with a post')

  await test.step('the other sees it without reloading', async () => {
    const found = card(grace.page, text)
    const news = grace.page.getByRole('button', { name: /^See \d+ new posts?$/ })
    await expect(found.or(news).first()).toBeVisible()
    if (!(await found.isVisible())) await showNewPosts(grace.page)
    await expect(found).toBeVisible()
    const image = found.getByRole('img', { name: 'Loom of patterns' })
    await image.scrollIntoViewIfNeeded()
    await expect
      .poll(() => image.evaluate((node) => (node as HTMLImageElement).naturalWidth))
      .toBeGreaterThan(0)
    await expect(found.getByRole('button', { name: /^engines/ })).toBeVisible()
  })

  const reply = unique('And mine computes')
  const second = unique('All through the night')
  await test.step('opens it and replies', async () => {
    await open(card(grace.page, text))
    await expectAccessible(grace.page, 'page of a post')
    await write(grace.page.getByRole('main'), { text: reply }, 'Reply')
    await expectDelivered(card(grace.page, reply))
    await expectAccessible(grace.page, 'page of a post with a reply')
  })

  await test.step('the first gets a notification without reloading', async () => {
    await ada.page.getByRole('link', { name: 'Notifications, 1 unread' }).click()
    const notice = ada.page.getByRole('link', { name: /Grace of the story replied to your post/ })
    await expect(notice).toBeVisible()
    await expectAccessible(ada.page, 'notifications')

    guard.allow(/status of 503/)
    const asked = /\/trpc\/[^?]*notifications\.list/
    await ada.page.route(asked, (route) => route.fulfill({ status: 503 }))
    await write(grace.page.getByRole('main'), { text: second }, 'Reply')
    const failed = ada.page.getByRole('alert').filter({ hasText: 'could not be loaded' })
    await expect(failed).toBeVisible()
    await expect(notice).toHaveCount(1)
    await expectAccessible(ada.page, 'notifications that could not be looked at again')
    await ada.page.unroute(asked)
    await failed.getByRole('button', { name: 'Try again' }).click()
    await expect(failed).toBeHidden()

    await notice.filter({ hasText: reply }).click()
    await expect(card(ada.page, reply)).toBeVisible()
  })

  await test.step('and sees what else is replied, after what is there', async () => {
    await open(card(ada.page, text))
    await expect(card(ada.page, second)).toBeVisible()
    const third = unique('It has found a new theorem')
    await write(grace.page.getByRole('main'), { text: third }, 'Reply')
    await expect(card(ada.page, third)).toBeVisible()
    const shown = await ada.page.getByRole('feed').getByRole('article').allTextContents()
    const order = shown.flatMap((one) =>
      [reply, second, third].filter((text) => one.includes(text)),
    )
    expect(order).toEqual([reply, second, third])
  })

  await test.step('a guest reads both', async () => {
    const guest = await visit(new URL(ada.page.url()).pathname)
    await expect(card(guest, reply)).toBeVisible()
  })
})
