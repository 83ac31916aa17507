import { signUp } from '../flows/onboarding.ts'
import { card, publish, unique } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

test('two accounts live in one browser, each with its own feed, bookmarks and drafts', async ({
  join,
}) => {
  const first = await join('First of two')
  const { page } = first
  const text = unique('Kept by the first')
  const post = await publish(page, { text })
  await post.getByRole('button', { name: 'Bookmark', exact: true }).click()
  await expect(page.getByText(/changes? waiting to be sent/)).toHaveCount(0)
  const draft = unique('Draft of the first')
  await page.getByRole('main').getByLabel('Text of the post').fill(draft)

  await page.goto('/settings/account')
  await page.getByRole('link', { name: 'Create another account' }).click()
  await expect(page.getByRole('button', { name: /^Back to / })).toBeVisible()
  const second = await signUp(page, 'Second of two')
  expect(second.key).not.toBe(first.key)

  await test.step('nothing of the first shows for the second', async () => {
    const field = page.getByRole('main').getByLabel('Text of the post')
    await expect(field).toHaveValue('')
    await expect(card(page, text).getByRole('button', { name: 'Bookmark' })).toBeVisible()
    await page.goto('/bookmarks')
    await expect(page.getByText('No bookmarks yet')).toBeVisible()
    await page.goto('/drafts')
    await expect(page.getByRole('heading', { name: 'No drafts' })).toBeVisible()
  })

  await test.step('switching back brings everything back', async () => {
    await page.getByRole('button', { name: 'Switch account' }).click()
    await expectAccessible(page, 'menu of accounts')
    await page.getByRole('menuitem', { name: 'First of two' }).click()
    await expect(page).toHaveURL(/\/home$/)
    await expect(page.getByRole('main').getByLabel('Text of the post')).toHaveValue(draft)
    await expect(card(page, text).getByRole('button', { name: 'Remove bookmark' })).toBeVisible()
  })

  await test.step('one signs out, the other stays', async () => {
    await page.goto('/settings/account')
    await expectAccessible(page, 'list of accounts')
    await page.getByRole('button', { name: 'Sign out of Second of two' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await expect(page.getByText('Second of two')).toHaveCount(0)
    await page.goto('/home')
    await expect(card(page, text)).toBeVisible()
    await expect(page.getByRole('button', { name: 'Switch account' })).toHaveCount(0)
  })
})
