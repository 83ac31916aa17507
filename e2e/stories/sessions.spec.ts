import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { openRecoveryFile, randomKeypair, signerFromKeypair, utf8 } from '@pubky/protocol'
import { createPubky } from '@pubky/sdk'
import { signInByFile } from '../flows/backup.ts'
import { card, expectDelivered, unique, write } from '../flows/posts.ts'
import { keeper, PASSWORD, section, unlock } from '../flows/root-key.ts'
import { homeserverAddress } from '../setup/addresses.ts'
import { expectAccessible } from '../setup/axe.ts'
import { AWAY } from '../setup/guard.ts'
import { expect, relay, test } from '../setup/story.ts'

const TITLE = 'Where you are signed in'
const LONG = `/pub/${'a-folder/in-a-folder/'.repeat(5)}`

/** Programs of a person: one with a grant, one behind a cookie. */
async function programs(file: string) {
  const pubky = createPubky({ relays: [relay()], localHost: 'localhost' })
  const root = signerFromKeypair(await openRecoveryFile(await readFile(file), PASSWORD))
  const notes = await pubky.signInGrant(root, {
    client: randomKeypair(),
    clientId: 'notes.example',
    capabilities: `/pub/notes.example/:rw,/priv/:r,${LONG}:r`,
  })
  const script = await pubky.signInCookie(root)
  return { notes, script }
}

async function endOne(page: Page, name: string) {
  await page.getByRole('button', { name: `Sign out ${name}`, exact: true }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('loses its access at once')
  await dialog.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText(`${name} was signed out`)).toBeVisible()
}

test('a person sees where they are signed in, and signs out from there', async ({
  visit,
  guard,
}) => {
  guard.allow(/status of 401/, AWAY)
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody in many places')
  const other = await visit()
  await signInByFile(other, file, PASSWORD)
  await expect(other).toHaveURL(/\/home$/)
  const { notes, script } = await programs(file)

  await page.goto('/settings/account')
  await page.getByRole('link', { name: 'Apps and sessions' }).filter({ visible: true }).click()
  const form = section(page, TITLE)
  await expectAccessible(page, 'sessions behind the key')
  await unlock(form, file, 'not the password')
  await expect(form.getByRole('alert')).toContainText('The password is wrong')
  await unlock(form, file)
  const list = page.getByRole('list', { name: 'Sessions' })
  const rows = list.locator('> li')
  await expect(rows).toHaveCount(4)
  await expect(rows.first()).toContainText('This browser')
  await expect(rows.first()).toContainText('Read and change your profile, posts, tags and follows')
  await expect(rows.first().getByRole('button')).toHaveCount(0)
  const noted = rows.filter({ hasText: 'notes.example' })
  await expect(noted).toContainText('/pub/notes.example/')
  await expect(noted).toContainText('Read all your private files')
  await expect(noted).toContainText('A key of its own')
  await expect(rows.filter({ hasText: 'A program' })).toContainText('A cookie')
  await expectAccessible(page, 'where somebody is signed in')

  await test.step('an app that is signed out may do nothing any more', async () => {
    await notes.storage.put('/pub/notes.example/a.txt', utf8('while it may'))
    await endOne(page, 'notes.example')
    await expect(rows).toHaveCount(3)
    const put = notes.storage.put('/pub/notes.example/a.txt', utf8('when it may not'))
    await expect(put).rejects.toMatchObject({ code: 'unauthorized' })
  })

  await test.step('another browser that is signed out says so when something is written', async () => {
    await endOne(page, 'Pubky')
    await expect(rows).toHaveCount(2)
    const text = unique('Written in a browser that was signed out')
    await write(other.getByRole('main'), { text })
    await expect(other.getByText('Your session has ended.')).toBeVisible()
    await expect(card(other, text).getByText('Sending', { exact: true })).toBeVisible()
  })

  await test.step('nothing is shown without the key after a reload', async () => {
    await page.reload()
    await page.route(`${homeserverAddress()}/sessions`, (route) => route.abort())
    await unlock(form, file)
    await expect(page.getByRole('main').getByRole('alert')).toContainText(
      'The list could not be read',
    )
    await expectAccessible(page, 'sessions that cannot be read')
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Try again' }).click()
    // The right to see the list ended with the page before.
    await expect(rows).toHaveCount(2)
  })

  await test.step('what was known stays while the homeserver is away', async () => {
    await page.route(`${homeserverAddress()}/sessions**`, (route) => route.abort())
    await page.getByRole('button', { name: 'Sign out A program' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
    await expect(page.getByText('1 session could not be ended.')).toBeVisible()
    await expect(page.getByText('the homeserver does not answer now')).toBeVisible()
    await expect(rows).toHaveCount(2)
    await expectAccessible(page, 'sessions that may be old')
    await page.unrouteAll()
    await endOne(page, 'A program')
    await expect(rows).toHaveCount(1)
    await expect(page.getByText('You are signed in nowhere else.')).toBeVisible()
    await expectAccessible(page, 'signed in here only')
    await expect(script.storage.put('/pub/a.txt', utf8('x'))).rejects.toMatchObject({
      code: 'unauthorized',
    })
  })

  await test.step('everything else is signed out at once', async () => {
    const again = await programs(file)
    await page.goto('/settings/sessions?lang=ar-XB')
    await unlock(page.getByRole('main'), file)
    const all = page.getByRole('main').locator('section ul').first().locator('> li')
    await expect(all).toHaveCount(3)
    await expectAccessible(page, 'sessions from right to left')
    await page.goto('/settings/sessions?lang=en')
    await unlock(form, file)
    await expect(rows).toHaveCount(3)
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
    const dialog = page.getByRole('dialog')
    await expect(dialog).toContainText('2 places')
    await expectAccessible(page, 'asking before signing out everywhere else')
    await dialog.getByRole('button', { name: 'Sign out everywhere else' }).click()
    await expect(page.getByText('You are signed in here only')).toBeVisible()
    await expect(rows).toHaveCount(1)
    for (const session of [again.notes, again.script])
      await expect(session.storage.put('/pub/a.txt', utf8('x'))).rejects.toMatchObject({
        code: 'unauthorized',
      })
  })

  await test.step('this browser goes on', async () => {
    await page.getByRole('link', { name: 'Home' }).filter({ visible: true }).first().click()
    const text = unique('Written where the person stayed')
    await write(page.getByRole('main'), { text })
    await expectDelivered(card(page, text))
  })
})
