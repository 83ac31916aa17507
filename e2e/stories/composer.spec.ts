import type { Page } from '@playwright/test'
import { unique } from '../flows/posts.ts'
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
