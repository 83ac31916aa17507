import {
  backUpByFile,
  backUpByPhrase,
  confirmBackup,
  signInByFile,
  signInByPhrase,
  signOut,
} from '../flows/backup.ts'
import { createAccount, giveName } from '../flows/onboarding.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

const PASSWORD = 'correct horse battery 7!'

test('both backups bring an account back, and the key leaves the browser', async ({ visit }) => {
  const page = await visit('/')
  await page.getByRole('link', { name: 'Create account' }).first().click()
  await expectAccessible(page, 'step of the key')
  const key = await createAccount(page)
  await expectAccessible(page, 'step of the backup')
  await page.getByRole('button', { name: 'Remind me later' }).click()
  await expect(page.getByRole('button', { name: 'Finish' })).toBeEnabled()
  await expectAccessible(page, 'step of the profile')
  await giveName(page, 'Keeper of keys')

  const reminder = page.getByText('Your key lives only in this browser.')
  await expect(reminder).toBeVisible()
  // The server says so, too: it does not come later and move what one reads.
  const sent = await page.request.get('/home')
  expect(await sent.text()).toContain('Your key lives only in this browser.')
  await page.getByRole('link', { name: 'Back up now' }).click()
  const phrase = await backUpByPhrase(page)
  const file = await backUpByFile(page, PASSWORD)
  await expectAccessible(page, 'step of the backup when done')
  await confirmBackup(page)
  await expect(page).toHaveURL(/\/home$/)
  await expect(page.getByRole('main')).toBeVisible()
  await expect(reminder).toBeHidden()

  await signOut(page)
  await expectAccessible(page, 'signed out')
  await signInByFile(page, file, 'not the password')
  await expect(page.getByRole('main').getByRole('alert')).toContainText('The password is wrong')
  await expectAccessible(page, 'sign in, refused')
  await signInByFile(page, file, PASSWORD)
  await expect(page).toHaveURL(/\/home$/)
  await expect(reminder).toBeHidden()

  await signOut(page)
  await signInByPhrase(page, phrase)
  await expect(page).toHaveURL(/\/home$/)
  await page.goto('/settings/account')
  await expect(page.getByText(`pubky${key}`)).toBeVisible()
  await expectAccessible(page, 'account settings')
})
