import { giveName } from '../flows/onboarding.ts'
import { expectAccessible } from '../setup/axe.ts'
import { startClosedHomeserver } from '../setup/closed-homeserver.ts'
import { expect, relay, test } from '../setup/story.ts'

test('a homeserver that asks for a code takes the right one, once', async ({ visit, guard }) => {
  guard.allow(/status of 40[013]/)
  await using closed = await startClosedHomeserver(relay())
  const code = await closed.code()
  const page = await visit('/onboarding')
  const create = page.getByRole('button', { name: 'Create account' })

  async function enter(text: string) {
    if (!(await page.getByLabel('Sign-up code').isVisible()))
      await page.getByText('Use another homeserver').click()
    await page.getByLabel('Public key of the homeserver').fill(closed.key)
    await page.getByLabel('Sign-up code').fill(text)
    await create.click()
  }

  await expect(page.getByTestId('public-key')).toHaveText(/^[a-z0-9]{52}$/)
  await enter('')
  const refusal = page.getByRole('main').getByRole('alert')
  await expect(refusal).toContainText('asks for a sign-up code')
  await enter('AAAA-BBBB-CCCC')
  await expect(refusal).toContainText('wrong or was used')
  await expectAccessible(page, 'a wrong sign-up code')
  await enter(code)
  await expect(page).toHaveURL(/\/onboarding\/backup$/)
  await page.getByRole('button', { name: 'Remind me later' }).click()
  await giveName(page, 'Person with an invitation')

  const other = await visit('/onboarding')
  await expect(other.getByTestId('public-key')).toHaveText(/^[a-z0-9]{52}$/)
  await other.getByText('Use another homeserver').click()
  await other.getByLabel('Public key of the homeserver').fill(closed.key)
  await other.getByLabel('Sign-up code').fill(code)
  await other.getByRole('button', { name: 'Create account' }).click()
  await expect(other.getByRole('main').getByRole('alert')).toContainText('wrong or was used')
})
