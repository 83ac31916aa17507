import { expectAlive } from '../flows/onboarding.ts'
import { card, expectDelivered, fromMenu, open, publish, unique, write } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

test('people tag, bookmark, repost and quote a post, and take it back', async ({ join }) => {
  const author = await join('Author of much')
  const text = unique('React to this')
  const own = await publish(author.page, { text })
  const reader = await join('Reader of much')
  const { page } = reader
  const post = card(page, text).first()

  await test.step('tag and untag', async () => {
    await post.getByRole('button', { name: 'Add a tag' }).click()
    const field = post.getByRole('textbox', { name: 'Add a tag' })
    await field.fill('insight')
    await field.press('Enter')
    await expect(post.getByRole('button', { name: 'insight, 1, tagged by you' })).toBeVisible()
    // Live on the author's page, which was open all the time.
    const seen = own.getByRole('button', { name: 'insight, 1 tag', exact: true })
    await expect(seen).toBeVisible()
    await seen.click()
    await expect(own.getByRole('button', { name: 'insight, 2, tagged by you' })).toBeVisible()
    await expect(post.getByRole('button', { name: 'insight, 2, tagged by you' })).toBeVisible()
    await post.getByRole('button', { name: 'insight, 2, tagged by you' }).click()
    await expect(own.getByRole('button', { name: 'insight, 1, tagged by you' })).toBeVisible()
    await post.getByRole('button', { name: /^Tags, / }).click()
    await expect(page.getByRole('dialog', { name: 'Tags' })).toBeVisible()
    await expectAccessible(page, 'dialog of tags')
    await page.keyboard.press('Escape')
  })

  await test.step('bookmark, list, remove', async () => {
    await post.getByRole('button', { name: 'Bookmark' }).click()
    await expect(post.getByRole('button', { name: 'Remove bookmark' })).toBeVisible()
    await expect(page.getByText(/changes? waiting to be sent/)).toHaveCount(0)
    await expect(async () => {
      await page.goto('/bookmarks')
      await expect(card(page, text)).toBeVisible({ timeout: 3000 })
    }).toPass()
    await expectAlive(page)
    await expectAccessible(page, 'bookmarks')
    await card(page, text).getByRole('button', { name: 'Remove bookmark' }).click()
    await expect(page.getByText(/changes? waiting to be sent/)).toHaveCount(0)
    await expect(async () => {
      await page.goto('/bookmarks')
      await expect(page.getByText('No bookmarks yet')).toBeVisible({ timeout: 3000 })
    }).toPass()
  })

  await page.goto('/home')
  await expectAlive(page)
  await test.step('quote, then repost without words and undo', async () => {
    await post.getByRole('button', { name: /^Repost/ }).click()
    const quote = unique('My words about it')
    await write(page.getByRole('dialog', { name: 'Repost' }), { text: quote }, 'Quote')
    const quoted = card(page, quote)
    await expectDelivered(quoted)
    await expect(quoted).toContainText(text)
    await expectAccessible(page, 'home with a quote')

    const original = page.getByRole('article').filter({ hasText: text, hasNotText: quote })
    await original
      .first()
      .getByRole('button', { name: /^Repost/ })
      .click()
    const dialog = page.getByRole('dialog', { name: 'Repost' })
    await expectAccessible(page, 'dialog to repost')
    await dialog.getByRole('button', { name: 'Repost', exact: true }).click()
    await expect(page.getByText('You reposted')).toBeVisible()
    await expectAccessible(page, 'home with a repost')
    await expect(own.first().getByRole('button', { name: 'Repost, 2 reposts' })).toBeVisible()
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect(page.getByText('You reposted')).toBeHidden()
    await expect(own.first().getByRole('button', { name: 'Repost, 1 repost' })).toBeVisible()
  })
})

test('an author edits and deletes; nobody else can', async ({ join }) => {
  const author = await join('Author who edits')
  const other = await join('Reader of edits')
  const text = unique('Frist version')
  const post = await publish(author.page, { text })
  await open(post)
  const path = new URL(author.page.url()).pathname
  await other.page.goto(path)

  await test.step('edit', async () => {
    await fromMenu(card(author.page, text), 'Edit')
    const dialog = author.page.getByRole('dialog', { name: 'Edit post' })
    await expectAccessible(author.page, 'dialog to edit')
    await write(dialog, { text: text.replace('Frist', 'First') }, 'Save')
    const edited = card(author.page, text.replace('Frist', 'First'))
    await expectDelivered(edited)
    await expect(card(other.page, text.replace('Frist', 'First'))).toBeVisible()
  })

  await test.step('others have no such entries', async () => {
    const theirs = card(other.page, text.replace('Frist', 'First'))
    await theirs.getByRole('button', { name: 'More about this post' }).click()
    await expect(other.page.getByRole('menuitem', { name: 'Copy link' })).toBeVisible()
    await expect(other.page.getByRole('menuitem', { name: 'Edit', exact: true })).toHaveCount(0)
    await expect(other.page.getByRole('menuitem', { name: 'Delete', exact: true })).toHaveCount(0)
    await expectAccessible(other.page, 'menu of a post')
    await other.page.keyboard.press('Escape')
  })

  await test.step('delete', async () => {
    await fromMenu(card(author.page, text.replace('Frist', 'First')), 'Delete')
    await author.page
      .getByRole('dialog', { name: 'Delete this post?' })
      .getByRole('button', { name: 'Delete' })
      .click()
    await expect(card(author.page, text.replace('Frist', 'First'))).toHaveCount(0)
    await expect(card(other.page, text.replace('Frist', 'First'))).toHaveCount(0)
    await other.page.reload()
    await expect(other.page.getByRole('heading', { name: 'This post is not here' })).toBeVisible()
    await expectAccessible(other.page, 'page of a deleted post')
  })
})
