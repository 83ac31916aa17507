import { readFile, writeFile } from 'node:fs/promises'
import type { Request, Route } from '@playwright/test'
import { backUpByFile, confirmBackup } from '../flows/backup.ts'
import { createAccount, giveName } from '../flows/onboarding.ts'
import { keeper, PASSWORD, section, unlock } from '../flows/root-key.ts'
import { homeserverAddress } from '../setup/addresses.ts'
import { expectAccessible } from '../setup/axe.ts'
import { startClosedHomeserver } from '../setup/closed-homeserver.ts'
import { AWAY } from '../setup/guard.ts'
import { expect, relay, test } from '../setup/story.ts'

function isWriteElsewhere(request: Request): boolean {
  return request.method() === 'PUT' && !request.url().startsWith(homeserverAddress())
}

function isRead(request: Request): boolean {
  return ['GET', 'HEAD'].includes(request.method()) && request.url().includes('/profile.json')
}

/** Files are never answered. */
async function holdReads(route: Route): Promise<void> {
  if (!isRead(route.request())) await route.continue()
}

/** Writes to the second homeserver are never answered. */
async function hold(route: Route): Promise<void> {
  if (!isWriteElsewhere(route.request())) await route.continue()
}

test('an account is exported into a file that can be checked and moved from', async ({
  visit,
  guard,
}, info) => {
  test.slow()
  // A folder without files.
  guard.allow(/status of 404/, AWAY)
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody with an archive')
  await page.route(`${homeserverAddress()}/info`, async (route) => {
    const response = await route.fetch()
    const info = await response.json()
    const features = info.features.filter((feature: string) => feature !== 'usage')
    await route.fulfill({ response, json: { ...info, features } })
  })
  await page.goto('/settings/data')
  await expect(page.getByText('does not say how much you store')).toBeVisible()
  await page.unrouteAll()
  await page.route('**/usage', (route) => route.abort())
  await page.goto('/settings/data')
  await expect(page.getByText('What is stored could not be read')).toBeVisible()
  await expectAccessible(page, 'a homeserver that is away')
  await page.unroute('**/usage')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByText(/\d.* used/)).toBeVisible()
  await expect(page.getByTestId('homeserver')).toHaveText(/^[a-z0-9]{52}$/)
  await expectAccessible(page, 'your data')

  const exporting = section(page, 'Take everything with you')
  await exporting.getByRole('button', { name: 'Export' }).click()
  await expectAccessible(page, 'opening the key for an export')
  await unlock(exporting, file, 'not the password')
  await expect(exporting.getByRole('alert')).toContainText('The password is wrong')
  await exporting.getByText('Phrase', { exact: true }).click()
  await exporting.getByLabel('Word 1', { exact: true }).fill(`${'abandon '.repeat(11)}about`)
  await exporting.getByRole('button', { name: 'Export everything' }).click()
  await expect(exporting.getByRole('alert')).toContainText('another account')
  await exporting.getByText('Recovery file', { exact: true }).click()

  // Stopped in the middle it leaves nothing behind, and what was entered stays.
  const saved: string[] = []
  page.on('download', (one) => saved.push(one.suggestedFilename()))
  await page.route('**', holdReads)
  const reading = page.waitForRequest(isRead)
  await unlock(exporting, file)
  await reading
  await expect(exporting.getByRole('progressbar')).toBeVisible()
  await expectAccessible(page, 'an export under way')
  await exporting.getByRole('button', { name: 'Stop' }).click()
  await expect(exporting.getByRole('progressbar')).toBeHidden()
  await page.unroute('**', holdReads)
  const again = exporting.getByRole('button', { name: 'Export everything' })
  await expect(again).toBeEnabled()
  expect(saved).toEqual([])

  const download = page.waitForEvent('download')
  await again.click()
  const archive = await (await download).path()
  await expect(exporting.getByRole('status')).toContainText('The archive is complete: 1 file')
  expect(saved).toHaveLength(1)
  await expectAccessible(page, 'exported')

  const checking = section(page, 'Check an archive')
  const choose = checking.locator('[type=file]')
  await choose.setInputFiles(archive)
  await expect(checking.getByRole('status')).toContainText('whole and unchanged')
  await expect(checking.getByRole('status')).toContainText('you')
  await expectAccessible(page, 'a whole archive')
  const bytes = await readFile(archive)
  const at = bytes.indexOf('Somebody with an archive')
  expect(at).toBeGreaterThan(0)
  bytes.write('Nobody', at)
  const changed = info.outputPath('changed.pubky')
  await writeFile(changed, bytes)
  await choose.setInputFiles(changed)
  await expect(checking.getByRole('alert')).toContainText('cannot be trusted')
  await expect(checking.getByRole('alert')).toContainText('/pub/pubky.app/profile.json')
  await expectAccessible(page, 'a changed archive')

  // The homeserver is gone, as far as the app may ask it.
  await using closed = await startClosedHomeserver(relay())
  await page.route(`${homeserverAddress()}/**`, (route) => route.abort())
  const moving = section(page, 'Move to another homeserver')
  await moving.getByRole('button', { name: 'Move' }).click()
  await moving.getByLabel('Public key of the new homeserver').fill(closed.key)
  await moving.getByLabel('Invitation code').fill(await closed.code())
  await moving.getByText('My homeserver is gone').click()
  await moving.getByLabel('Archive', { exact: true }).setInputFiles(archive)
  await expectAccessible(page, 'a move out of an archive')
  await unlock(moving, file)
  await expect(moving.getByText('You have moved')).toBeVisible()
  await expect(moving).toContainText('Everything that the archive had')
  await expect(moving).toContainText('This app goes on at the new home')
  await expect(page.getByTestId('homeserver')).toHaveText(closed.key)
})

test('an account moves to another homeserver and goes on there', async ({ visit, guard }) => {
  guard.allow(/status of 40[01349]/)
  await using closed = await startClosedHomeserver(relay())
  const page = await visit('/onboarding')
  await createAccount(page)
  await page.getByRole('button', { name: 'Remind me later' }).click()
  await giveName(page, 'Somebody who moves')
  await page.goto('/settings/data')
  const moving = section(page, 'Move to another homeserver')
  await moving.getByRole('button', { name: 'Move' }).click()
  await moving.getByRole('link', { name: 'Back up now' }).click()
  const file = await backUpByFile(page, PASSWORD)
  await confirmBackup(page)
  await expect(page).toHaveURL(/\/home$/)

  await page.goto('/settings/data')
  await moving.getByRole('button', { name: 'Move' }).click()
  await moving.getByLabel('Public key of the new homeserver').fill(closed.key)
  await expectAccessible(page, 'a move that is prepared')
  await unlock(moving, file)
  await expect(moving.getByRole('alert')).toContainText('asks for a sign-up code')
  await moving.getByLabel('Invitation code').fill(await closed.code())

  // The new home stops answering in the middle; the person goes away and comes back.
  await page.route('**', hold)
  const held = page.waitForRequest(isWriteElsewhere)
  await moving.getByRole('button', { name: 'Move my account' }).click()
  await held
  await expect(moving.locator('[aria-current=step]')).toHaveText(
    'Copying everything to the new home',
  )
  await expectAccessible(page, 'a move under way')
  await moving.getByRole('button', { name: 'Stop' }).click()
  await page.unroute('**', hold)
  await page.goto('/home')
  const notice = page.getByRole('region', { name: 'Something needs you' })
  await expect(notice).toContainText('Your move is not finished.')
  await notice.getByRole('link', { name: 'Go on' }).click()
  await expect(page).toHaveURL(/\/settings\/data#move$/)
  await expect(moving).toContainText('was begun and has not ended')
  await expect(moving).toBeInViewport()
  await expectAccessible(page, 'a move that waits')
  await unlock(moving, file)
  await expect(moving.getByText('You have moved')).toBeVisible()
  await expect(moving).toContainText('This app goes on at the new home')
  await expect(moving).toContainText('The old home knows')
  await expectAccessible(page, 'a move that has ended')
  await expect(page.getByTestId('homeserver')).toHaveText(closed.key)

  await page.reload()
  await expect(page.getByTestId('homeserver')).toHaveText(closed.key)
  await expect(moving.getByRole('button', { name: 'Move' })).toBeVisible()
  await page.goto('/settings/edit')
  await page.getByLabel('Status').fill('at a new home')
  const written = page.waitForResponse(
    (response) => response.request().method() === 'PUT' && response.url().includes('profile.json'),
  )
  await page.getByRole('button', { name: 'Save' }).click()
  expect((await written).status()).toBeLessThan(300)
})
