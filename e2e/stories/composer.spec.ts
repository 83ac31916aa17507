import type { Page } from '@playwright/test'
import { card, expectDelivered, publish, unique } from '../flows/posts.ts'
import { picture } from '../setup/picture.ts'
import { expect, test } from '../setup/story.ts'

async function compose(page: Page) {
  await page
    .getByRole('button', { name: 'New post', exact: true })
    .filter({ visible: true })
    .click()
  return page.getByRole('dialog', { name: 'New post' })
}

test('Esc asks about what was written, however often it is pressed', async ({ join }) => {
  const { page } = await join('Person who wants out')
  const dialog = await compose(page)
  const text = unique('Not lost')
  await dialog.getByLabel('Text of the post').click()
  await page.keyboard.type(text)
  const question = page.getByRole('dialog', { name: 'Keep it as a draft?' })
  const keep = question.getByRole('button', { name: 'Keep draft' })
  // Browsers do not let a page refuse again and again.
  for (let round = 0; round < 4; round += 1) {
    await page.keyboard.press('Escape')
    await expect(keep).toBeFocused()
    await expect(keep).toBeInViewport()
    await page.keyboard.press('Escape')
    await expect(question).toBeHidden()
    await expect(dialog).toBeVisible()
  }
  await page.keyboard.press('Escape')
  await keep.click()
  await expect(page.getByRole('dialog')).toHaveCount(0)

  const again = await compose(page)
  await expect(again.getByLabel('Text of the post')).toHaveValue(text)
})

test('what goes wrong in a dialog is said in it, and once', async ({ join }) => {
  const { page } = await join('Person with a bad tag')
  const dialog = await compose(page)
  await dialog.getByRole('button', { name: 'Add tags' }).click()
  const field = dialog.getByRole('textbox', { name: 'Add tags' })
  await field.fill('a:b')
  await field.press('Enter')
  const alert = dialog.getByRole('alert')
  await expect(alert).not.toBeEmpty()
  const text = (await alert.innerText()).trim()
  await expect(page.getByText(text)).toHaveCount(1)
  await field.fill('')
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  // It was heard already: below it can still be read.
  await expect(page.getByText(text)).toBeVisible()
  await expect(page.getByRole('alert').filter({ hasText: text })).toHaveCount(0)
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await expect(page.getByText(text)).toHaveCount(0)
})

test('a post waits for its pictures, of which there are never more than three', async ({
  join,
}) => {
  const { page } = await join('Person with large pictures')
  await page.evaluate(() => {
    const decode = createImageBitmap
    const ready = new Promise<void>((resolve) => addEventListener('decoded', () => resolve()))
    globalThis.createImageBitmap = async (...args: unknown[]) => {
      await ready
      return Reflect.apply(decode, globalThis, args)
    }
  })
  const main = page.getByRole('main')
  const text = unique('Look at this')
  const field = main.getByLabel('Text of the post')
  await field.fill(text)
  const input = main.locator('input[type=file]')
  await input.setInputFiles([picture('One', 310), picture('Two', 320)])
  await input.setInputFiles([picture('Three', 330), picture('Four', 340)])
  const waiting = main.getByRole('listitem').filter({ hasText: 'Reading the picture' })
  await expect(waiting).toHaveCount(3)
  const post = main.getByRole('button', { name: 'Post', exact: true })
  await expect(post).toBeDisabled()
  await field.press('Control+Enter')
  await expect(field).toHaveValue(text)

  await page.evaluate(() => dispatchEvent(new Event('decoded')))
  await expect(waiting).toHaveCount(0)
  await expect(main.getByRole('button', { name: /^Remove picture/ })).toHaveCount(3)
  await post.click()
  const sent = card(page, text)
  await expectDelivered(sent)
  await expect(sent.getByRole('img', { name: /One|Two|Three/ })).toHaveCount(3)
})

test('a dialog closes when one of its links is followed', async ({ join }) => {
  const { page, key } = await join('Person with a face')
  const text = unique('Follow the face')
  const tag = unique('face').replaceAll(/\W/g, '').toLowerCase()
  const post = await publish(page, { text, tags: [tag] })
  await post.getByRole('button', { name: /^Tags, / }).click()
  const tags = page.getByRole('dialog', { name: 'Tags' })
  await tags.getByRole('link', { name: 'Person with a face' }).click()
  await expect(page).toHaveURL(new RegExp(`/profile/${key}$`))
  await expect(page.getByRole('dialog')).toHaveCount(0)

  await card(page, text)
    .getByRole('button', { name: /^Reply/ })
    .click()
  const reply = page.getByRole('dialog', { name: 'Reply' })
  await reply.getByLabel('Text of the post').fill('Half an answer')
  await reply.locator('a[href^="/post/"]').first().click()
  await expect(page).toHaveURL(/\/post\//)
  await expect(page.getByRole('dialog')).toHaveCount(0)
})
