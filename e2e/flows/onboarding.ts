import { expect, type Page } from '@playwright/test'

export interface Person {
  readonly page: Page
  readonly name: string
  /** Public key in z-base-32. */
  readonly key: string
}

/** The first step: a key is made and the account created with it. */
export async function createAccount(page: Page): Promise<string> {
  const key = page.getByTestId('public-key')
  await expect(key).toHaveText(/^[a-z0-9]{52}$/)
  const text = (await key.textContent()) ?? ''
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page).toHaveURL(/\/onboarding\/backup$/)
  return text
}

/** The last step, after which the feed opens. */
export async function giveName(page: Page, name: string): Promise<void> {
  await expect(page).toHaveURL(/\/onboarding\/profile$/)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Finish' }).click()
  await expect(page).toHaveURL(/\/home$/)
  await expect(page.getByRole('main')).toBeVisible()
  await expectAlive(page)
}

/** The page does not only show what the server sent: its scripts have taken it over. */
export async function expectAlive(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const main = document.querySelector('main')
    return main !== null && Object.keys(main).some((name) => name.startsWith('__reactProps'))
  })
}

/** All steps on the shortest way; the backup is left for later. */
export async function signUp(page: Page, name: string): Promise<Person> {
  const key = await createAccount(page)
  await page.getByRole('button', { name: 'Remind me later' }).click()
  await giveName(page, name)
  return { page, name, key }
}
