import { expect, type Page } from '@playwright/test'

/** Writes the twelve words down and proves it. Returns the phrase. */
export async function backUpByPhrase(page: Page): Promise<string> {
  await page.getByRole('button', { name: /^Recovery phrase/ }).click()
  await page.getByRole('button', { name: 'Show the words' }).click()
  const words = await page.getByTestId('phrase').locator('li span:last-child').allTextContents()
  expect(words).toHaveLength(12)
  await page.getByRole('button', { name: 'I wrote them down' }).click()
  const dialog = page.getByRole('dialog', { name: 'Put the words in order' })
  for (const word of words)
    await dialog
      .getByRole('button', { name: word, exact: true, disabled: false })
      .and(dialog.locator('button:not([aria-label])'))
      .first()
      .click()
  await dialog.getByRole('button', { name: 'Check' }).click()
  await expect(dialog).toBeHidden()
  return words.join(' ')
}

/** Saves the recovery file. Returns where it lies. */
export async function backUpByFile(page: Page, password: string): Promise<string> {
  await page.getByRole('button', { name: /^Recovery file/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Save a recovery file' })
  await dialog.getByLabel('Password', { exact: true }).fill(password)
  await dialog.getByLabel('Password again').fill(password)
  const download = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Save the file' }).click()
  const file = await download
  expect(file.suggestedFilename()).toBe('recovery.pkarr')
  await expect(dialog).toBeHidden()
  return file.path()
}

/** Says that the backups are kept, after which the key leaves the browser. */
export async function confirmBackup(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: 'Yes, I keep my backup' }).click()
}

export async function signOut(page: Page): Promise<void> {
  await page.goto('/settings/account')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/logout$/)
}

export async function signInByFile(page: Page, file: string, password: string): Promise<void> {
  await page.goto('/sign-in')
  await page
    .getByLabel('Recovery file', { exact: true })
    .and(page.locator('[type=file]'))
    .setInputFiles(file)
  await page.getByLabel('Password of the file').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

export async function signInByPhrase(page: Page, phrase: string): Promise<void> {
  await page.goto('/sign-in')
  await page.getByText('Phrase', { exact: true }).click()
  await page.getByLabel('Word 1', { exact: true }).fill(phrase)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
