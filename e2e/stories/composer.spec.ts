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
