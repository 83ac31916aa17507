import { readFile } from 'node:fs/promises'
import type { Locator, Page } from '@playwright/test'
import { buildPost, createIdClock } from '@pubky/app-specs'
import {
  openRecoveryFile,
  randomKeypair,
  type Signer,
  signerFromKeypair,
  toMicros,
} from '@pubky/protocol'
import { createPubky, type Session } from '@pubky/sdk'
import { signInByFile } from '../flows/backup.ts'
import { card, expectDelivered, publish, unique, write } from '../flows/posts.ts'
import { keeper, PASSWORD, section, unlock } from '../flows/root-key.ts'
import { homeserverAddress } from '../setup/addresses.ts'
import { expectAccessible } from '../setup/axe.ts'
import { AWAY } from '../setup/guard.ts'
import { expect, relay, test } from '../setup/story.ts'

/** So says the homeserver of somebody who keeps nothing private. */
const NO_PRIVATE_FILES = /status of 404 .*\/priv\//
const APP = 'notes.example'
const nextId = createIdClock(() => toMicros(BigInt(Date.now()) * 1000n))

/** An app elsewhere that the person allowed to write. */
async function allowed(file: string) {
  const pubky = createPubky({ relays: [relay()], localHost: 'localhost' })
  const root = signerFromKeypair(await openRecoveryFile(await readFile(file), PASSWORD))
  const client = randomKeypair()
  const capabilities = '/pub/pubky.app/:rw'
  const grant = await pubky.grant(root, client.publicKey, { clientId: APP, capabilities })
  const session = await pubky.openGrant(grant, client)
  return { root, session, signer: signerFromKeypair(client, grant) }
}

async function post(
  session: Session,
  text: string,
  { signer, quotes }: { signer?: Signer | null; quotes?: string } = {},
): Promise<string> {
  const embed = quotes ? { kind: 'short' as const, uri: `pubky://${session.user}${quotes}` } : null
  const built = buildPost({ content: text, kind: 'short', embed }, nextId())
  const path = `/pub/pubky.app/posts/${built.id}`
  await session.storage.put(path, built.body, signer === undefined ? {} : { signer })
  return path
}

function row(page: Page, name: string): Locator {
  return page.getByRole('main').getByRole('listitem').filter({ hasText: name })
}

async function openRevoking(page: Page, name: string): Promise<Locator> {
  await page.getByRole('button', { name: `Revoke the key of ${name}`, exact: true }).click()
  return page.getByRole('dialog', { name: `Revoke the key of ${name}?` })
}

/** As a person reads it off the clock of the stories' time zone. */
function wallClock(date: Date): string {
  return date.toLocaleString('sv', { timeZone: 'Europe/Vienna' }).replace(' ', 'T')
}

/** What the shield of a post says, and what is found behind it. */
async function expectShield(page: Page, text: string, says: string, report: string) {
  // The last one, for what quotes it is newer.
  const shield = card(page, text).last().getByRole('button', { name: says, exact: true })
  await expect(async () => {
    await page.reload()
    await expect(shield).toBeVisible({ timeout: 4000 })
  }).toPass()
  await shield.click()
  const dialog = page.getByRole('dialog', { name: 'Proof of this post' })
  await expect(dialog).toContainText(report)
  await expectAccessible(page, `a shield that says: ${says}`)
  await dialog.getByRole('button', { name: 'Close' }).click()
}

test('an author revokes the key of an app, and what it said since is marked', async ({
  visit,
  guard,
}) => {
  test.slow()
  guard.allow(NO_PRIVATE_FILES, AWAY)
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody with a lost device')
  await page.goto('/settings/account')
  await page.getByRole('link', { name: 'Signing keys' }).filter({ visible: true }).click()
  await expect(row(page, 'This browser')).toContainText('Changes signed')
  await expectAccessible(page, 'the key of one browser')

  const { session, signer } = await allowed(file)
  const kept = unique('Said while the app was trusted')
  const doubted = unique('Said when the device was gone')
  await post(session, kept)
  // The moment is told in whole seconds: this one is over when the next has begun.
  const keptInSecond = wallClock(new Date())
  await expect.poll(() => wallClock(new Date())).not.toBe(keptInSecond)
  const stolen = new Date()
  const doubtedPath = await post(session, doubted)
  const quoting = unique('Said about it')

  await test.step('what revoking means is said before the key is asked for', async () => {
    await page.goto('/settings/keys')
    await expect(row(page, APP)).toContainText('2')
    const dialog = await openRevoking(page, APP)
    await expect(dialog).toContainText('What it signed stays yours')
    await expect(dialog).toContainText(`${APP} is signed out`)
    await dialog.getByText('From an earlier moment').click()
    await expectAccessible(page, 'asking before a key is revoked')
    const moment = dialog.getByLabel('From when on')
    await moment.fill('2999-01-01T00:00:00')
    await expect(dialog).toContainText('has not come yet')
    await moment.fill(wallClock(stolen))
    await unlock(dialog, file, 'not the password')
    await expect(dialog.getByRole('alert')).toContainText('The password is wrong')
    await unlock(dialog, file)
  })

  await test.step('the app is signed out and its key is listed as revoked', async () => {
    const done = page.getByRole('dialog', { name: `The key of ${APP} is revoked` })
    await expect(done).toContainText('1 thing that it signed stays yours')
    await expect(done).toContainText('It was signed out')
    await expectAccessible(page, 'a key that was revoked')
    await done.getByRole('button', { name: 'Done' }).click()
    await expect(page.getByRole('list', { name: 'Revoked keys' })).toContainText(APP)
    await expectAccessible(page, 'revoked keys')
    await expect(post(session, 'More')).rejects.toMatchObject({ code: 'unauthorized' })
    const again = await allowed(file)
    await post(again.session, quoting, { quotes: doubtedPath })
    // Others may still hand in what the old key signs.
    const signed = post(again.session, 'Signed with the old one', { signer })
    await expect(signed).rejects.toMatchObject({ code: 'signature_revoked' })
  })

  await test.step('what it said before counts, what it said after is marked', async () => {
    await page.goto('/profile/posts')
    const report = 'was taken back by the author'
    await expectShield(page, doubted, 'Signed with a key that was revoked', report)
    await expectShield(page, kept, 'Signed by its author', 'what you see is what was signed')
    const quote = card(page, quoting).locator('[data-quoted]')
    await expect(quote).toContainText(doubted)
    await expect(
      quote.getByRole('button', { name: 'Signed with a key that was revoked' }),
    ).toBeVisible()
  })

  await test.step('a key that is revoked may turn out to have been lost earlier', async () => {
    await page.goto('/settings/keys')
    await page.getByRole('button', { name: `Revoke the key of ${APP} from an earlier` }).click()
    const dialog = page.getByRole('dialog', { name: `Revoke the key of ${APP}?` })
    const moment = dialog.getByLabel('From when on')
    await moment.fill(wallClock(new Date()))
    await expect(dialog).toContainText('It counts for nothing since before this moment.')
    await moment.fill('2020-01-01T00:00:00')
    await unlock(dialog, file)
    const done = page.getByRole('dialog', { name: `The key of ${APP} is revoked` })
    await expect(done).toContainText('Nothing that it signed is kept.')
    await done.getByRole('button', { name: 'Done' }).click()
    await page.goto('/profile/posts')
    const report = 'was taken back by the author'
    await expectShield(page, kept, 'Signed with a key that was revoked', report)
  })

  await test.step('the keys cannot be read while the homeserver is away', async () => {
    await page.route(`${homeserverAddress()}/events-stream**`, (route) => route.abort())
    await page.goto('/settings/keys')
    await expect(page.getByRole('main').getByRole('alert')).toContainText('could not be read')
    await expectAccessible(page, 'keys that cannot be read')
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect(row(page, 'This browser')).toBeVisible()
    await page.goto('/settings/keys?lang=ar-XB')
    await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible()
    await expectAccessible(page, 'keys from right to left')
    await page.goto('/settings/keys?lang=en')
  })
})

test('a browser that revokes its own key signs in again with a new one', async ({
  visit,
  guard,
}) => {
  guard.allow(NO_PRIVATE_FILES, /status of 401/)
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody who starts afresh')
  await page.goto('/settings/keys')
  const dialog = await openRevoking(page, 'Pubky')
  await expect(dialog).toContainText('You are signed out of this browser, too')
  await unlock(dialog, file)
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in again' }).click()
  await expect(page).toHaveURL(/\/sign-in$/)
  await signInByFile(page, file, PASSWORD)
  await expect(page).toHaveURL(/\/home$/)
  const text = unique('Signed with a new key')
  await write(page.getByRole('main'), { text })
  await expectDelivered(card(page, text))
  await page.goto('/settings/keys')
  await expect(page.getByRole('list', { name: 'Keys', exact: true })).toContainText('This browser')
  await expect(page.getByRole('list', { name: 'Revoked keys' })).toContainText('Pubky')

  // What the old key signed is kept.
  await page.goto('/profile/posts')
  const header = page.locator('main header').first()
  await header.getByRole('button', { name: 'Signed by its author' }).click()
  const proof = page.getByRole('dialog', { name: 'Proof of this profile' })
  await expect(proof).toContainText('what you see is what was signed')
  await expectAccessible(page, 'the proof of a profile')
})

test('an author requires signatures: what is not signed is refused, or marked', async ({
  visit,
}) => {
  const page = await visit('/onboarding')
  const file = await keeper(page, 'Somebody who signs everything')
  const { root, session } = await allowed(file)
  const early = unique('Not signed when nobody asked')
  await post(session, early, { signer: null })
  const path = await post(session, unique('Signed at first'))

  await page.goto('/settings/keys')
  const policy = section(page, 'Require signatures')
  await expect(policy).toContainText('Signatures are not required')
  await policy.getByRole('button', { name: 'Require signatures' }).click()
  await expect(policy).toContainText('no longer write for you')
  await expectAccessible(page, 'before signatures are required')
  await unlock(policy, file)
  await expect(policy).toContainText('Signatures are required since')
  await expectAccessible(page, 'signatures are required')

  const refused = post(session, unique('Not signed'), { signer: null })
  await expect(refused).rejects.toMatchObject({ code: 'signature_required' })
  await page.goto('/home')
  await publish(page, { text: unique('Signed by this browser') })

  await test.step('what was there before stays as it is', async () => {
    await page.goto('/profile/posts')
    await expectShield(page, early, 'Not signed', 'It may still be genuine')
  })

  await test.step('what loses its signature is marked', async () => {
    await page.goto('/settings/keys')
    await policy.getByRole('button', { name: 'No longer require them' }).click()
    await unlock(policy, file)
    await expect(policy).toContainText('Signatures are not required')
    const text = unique('Changed by somebody without a key')
    const body = new TextEncoder().encode(JSON.stringify({ content: text, kind: 'short' }))
    await session.storage.put(path, body, { signer: null })
    await page.goto('/profile/posts')
    const says = 'A signature was due and is missing'
    await expectShield(page, text, says, 'A signature is due here and is missing')
    await session.storage.put(path, body, { signer: root })
    await expectShield(page, text, 'Signed by its author', 'what you see is what was signed')
  })
})
