import { backUpByFile, confirmBackup, signInByFile } from '../flows/backup.ts'
import { card, expectDelivered, publish, unique, write } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

const PASSWORD = 'correct horse battery 7!'

test('a session that has ended is said, and what was written is sent after signing in', async ({
  join,
  guard,
}) => {
  guard.allow(/status of 401/)
  const { page } = await join('Person signed out elsewhere')
  await publish(page, { text: unique('While the session held') })
  await page.goto('/onboarding/backup')
  const file = await backUpByFile(page, PASSWORD)
  await confirmBackup(page)
  await expect(page).toHaveURL(/\/home$/)

  const refused = /\/auth\/grant\/session|\/pub\/pubky\.app\/posts\//
  await page.route(refused, async (route) => {
    if (route.request().method() === 'OPTIONS') return route.fallback()
    await route.fulfill({
      status: 401,
      headers: { 'access-control-allow-origin': '*' },
      contentType: 'application/json',
      body: JSON.stringify({ error: 'The session has ended.', code: 'unauthorized' }),
    })
  })
  const text = unique('Written when it had ended')
  await write(page.getByRole('main'), { text })
  const notice = page.getByText('Your session has ended.')
  await expect(notice).toBeVisible()
  await expect(card(page, text).getByText('Sending', { exact: true })).toBeVisible()
  await expectAccessible(page, 'home with an ended session')

  await test.step('a draft is kept, too', async () => {
    const draft = unique('Not sent at all')
    await page.getByRole('main').getByLabel('Text of the post').fill(draft)
    await page.getByRole('link', { name: 'Sign in', exact: true }).filter({ visible: true }).click()
    await expect(page).toHaveURL(/\/sign-in$/)
    await page.unroute(refused)
    await signInByFile(page, file, PASSWORD)
    await expect(page).toHaveURL(/\/home$/)
    await expect(page.getByRole('main').getByLabel('Text of the post')).toHaveValue(draft)
  })
  await expectDelivered(card(page, text))
  await expect(notice).toBeHidden()
})
