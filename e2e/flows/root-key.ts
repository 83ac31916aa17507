import { expect, type Locator, type Page } from '@playwright/test'
import { backUpByFile, confirmBackup } from './backup.ts'
import { createAccount, giveName } from './onboarding.ts'

export const PASSWORD = 'correct horse battery 7!'

/** Somebody whose key is in a file and no longer in the browser. Returns where the file lies. */
export async function keeper(page: Page, name: string): Promise<string> {
  await createAccount(page)
  const file = await backUpByFile(page, PASSWORD)
  await confirmBackup(page)
  await giveName(page, name)
  return file
}

/** A part of the settings. */
export function section(page: Page, title: string): Locator {
  return page.getByRole('main').locator('section').filter({ hasText: title })
}

/** Opens the root key where a form asks for it; known by its parts, in every language. */
export async function unlock(form: Locator, file: string, password = PASSWORD): Promise<void> {
  const chosen = form.locator('[type=password]').locator('xpath=preceding::input[@type="file"][1]')
  // What the server sent takes a file, too, and nobody would notice.
  await expect
    .poll(() =>
      chosen.evaluate((input) =>
        Object.keys(input).some((name) => name.startsWith('__reactProps')),
      ),
    )
    .toBe(true)
  await chosen.setInputFiles(file)
  await form.locator('[type=password]').fill(password)
  await form.locator('[type=submit]').click()
}
