import type { BrowserContext } from '@playwright/test'
import { backUpByFile, confirmBackup, signInByFile } from '../flows/backup.ts'
import { expectAlive } from '../flows/onboarding.ts'
import { card, expectDelivered, publish, unique, write } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

const PASSWORD = 'correct horse battery 7!'

/** From now on the homeserver takes no session, until this is ended. */
async function endSessions(context: BrowserContext): Promise<() => Promise<void>> {
  const refused = /\/auth\/grant\/session|\/pub\/pubky\.app\/posts\//
  await context.route(refused, async (route) => {
    if (route.request().method() === 'OPTIONS') return route.fallback()
    await route.fulfill({
      status: 401,
      headers: { 'access-control-allow-origin': '*' },
      contentType: 'application/json',
      body: JSON.stringify({ error: 'The session has ended.', code: 'unauthorized' }),
    })
  })
  return () => context.unroute(refused)
}

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

  const letIn = await endSessions(page.context())
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
    await letIn()
    await signInByFile(page, file, PASSWORD)
    await expect(page).toHaveURL(/\/home$/)
    await expect(page.getByRole('main').getByLabel('Text of the post')).toHaveValue(draft)
  })
  await expectDelivered(card(page, text))
  await expect(notice).toBeHidden()
})

test('what waits in one tab is sent by the other once the person has signed in again', async ({
  join,
  guard,
}) => {
  // What was tried before is looked for first.
  guard.allow(/status of 40[14]/)
  const { page } = await join('Person with two tabs')
  await publish(page, { text: unique('Written in the first tab') })
  await page.goto('/onboarding/backup')
  const file = await backUpByFile(page, PASSWORD)
  await confirmBackup(page)
  await expect(page).toHaveURL(/\/home$/)
  await expectAlive(page)
  const other = await page.context().newPage()
  await other.goto('/home')
  const sender = await publish(other, { text: unique('Written in the second tab') })
  await expectDelivered(sender)

  const letIn = await endSessions(page.context())
  const text = unique('Written when it had ended')
  await write(page.getByRole('main'), { text })
  const noticeIn = (tab: typeof page) => tab.getByText('Your session has ended.')
  await expect(noticeIn(page)).toBeVisible()
  await expect(noticeIn(other)).toBeVisible()
  await page.goto('/sign-in')
  await expect(noticeIn(other)).toBeVisible()
  await letIn()
  await signInByFile(page, file, PASSWORD)
  await expect(page).toHaveURL(/\/home$/)
  await expectDelivered(card(page, text))
  await expect(page.getByText(/changes? waiting to be sent/)).toHaveCount(0)
  await expect(noticeIn(other)).toBeHidden()
})
