import { nowMicros, randomKeypair, signAuthToken, signerFromKeypair } from '@pubky/protocol'
import { adminAddress, homeserverAddress } from '../setup/addresses.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

/** Somebody who wrote one file, without a browser. */
async function somebody(): Promise<string> {
  const keypair = randomKeypair()
  const body = await signAuthToken(signerFromKeypair(keypair), '/:rw', nowMicros())
  const signedUp = await fetch(`${homeserverAddress()}/signup`, {
    method: 'POST',
    body: body.slice(),
  })
  const cookie = signedUp.headers.get('set-cookie')?.split(';')[0] ?? ''
  const put = await fetch(`${homeserverAddress()}/storage/${keypair.publicKey}/pub/hello.txt`, {
    method: 'PUT',
    headers: { cookie },
    body: 'hello',
  })
  expect(put.status).toBe(201)
  return keypair.publicKey
}

test('an operator looks after the people of a homeserver', async ({ visit, guard }) => {
  const key = await somebody()
  guard.allow(/status of 401/, /status of 422/)
  const page = await visit()
  await page.goto(adminAddress())
  await expectAccessible(page, 'sign-in of the operator')
  await page.getByLabel('Admin password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('That is not the password.')).toBeVisible()
  await page.getByLabel('Admin password').fill('admin')
  await page.getByRole('button', { name: 'Sign in' }).click()

  await expect(page.getByRole('heading', { name: 'Writes' })).toBeVisible()
  await expect(page.getByText('Record of this server')).toBeVisible()
  await expectAccessible(page, 'overview')
  await page.getByRole('button', { name: 'hour' }).click()
  await expect(page.getByText(/deleted in the last hour/)).toBeVisible()

  await page.getByRole('link', { name: 'People' }).click()
  await page.getByRole('searchbox', { name: 'Find by key' }).fill(key)
  const row = page.getByRole('row').filter({ hasText: key.slice(0, 6) })
  await expect(row).toContainText('261 B')
  await expectAccessible(page, 'people')
  await row.getByRole('button', { name: /Actions/ }).click()
  await page.getByRole('menuitem', { name: 'Limits…' }).click()
  const limits = page.getByRole('dialog', { name: 'Limits' })
  await expectAccessible(page, 'limits')
  await limits.getByLabel('Reading speed').fill('fast')
  await limits.getByRole('button', { name: 'Save' }).click()
  await expect(limits.getByRole('alert')).toContainText('rate_read is like 10mb/s')
  await limits.getByLabel('Reading speed').fill('')
  await limits.getByLabel('Storage in megabytes').fill('5')
  await limits.getByRole('button', { name: 'Save' }).click()
  await expect(row).toContainText('261 B of 5.0 MB')
  await row.getByRole('button', { name: /Actions/ }).click()
  await page.getByRole('menuitem', { name: 'Disable' }).click()
  await expect(row).toContainText('disabled')
  await row.getByRole('button', { name: /Actions/ }).click()
  await page.getByRole('menuitem', { name: 'Delete a file…' }).click()
  const remove = page.getByRole('dialog', { name: 'Delete a file' })
  await remove.getByLabel('Path').fill('/pub/hello.txt')
  await remove.getByRole('button', { name: 'Delete' }).click()
  await expect(row).toContainText('0 B of 5.0 MB')

  await page.getByRole('link', { name: 'Invitations' }).click()
  await page.getByRole('button', { name: 'New invitation' }).click()
  await page.getByRole('button', { name: 'Make it' }).click()
  const invitation = page
    .getByRole('row')
    .filter({ hasText: /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/ })
  await expect(invitation.first()).toBeVisible()
  await expectAccessible(page, 'invitations')
  await page.getByRole('link', { name: 'Attention' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'Wrong admin passwords' })).toBeVisible()
  await expectAccessible(page, 'attention')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByLabel('Admin password')).toBeVisible()
})
