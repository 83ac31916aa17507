import type { Page } from '@playwright/test'
import { card, expectDelivered, publish, unique, write } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { AWAY } from '../setup/guard.ts'
import { expect, test } from '../setup/story.ts'

test('what is written offline is delivered once and in order', async ({ join, visit, guard }) => {
  guard.allow(AWAY)
  const { page } = await join('Person in a tunnel')
  await publish(page, { text: unique('Before the tunnel') })
  await page.context().setOffline(true)
  await expect(page.getByText('You are offline.')).toBeVisible()

  const texts = ['one', 'two', 'three'].map((word) => unique(`Written in the tunnel, ${word}`))
  for (const text of texts) {
    await write(page.getByRole('main'), { text })
    await expect(card(page, text).getByText('Sending', { exact: true })).toBeVisible()
  }
  await expect(page.getByText('3 changes waiting to be sent')).toBeAttached()
  await expectAccessible(page, 'offline with unsent posts')

  await page.context().setOffline(false)
  await expect(page.getByText('You are offline.')).toBeHidden()
  for (const text of texts) await expectDelivered(card(page, text))
  await expect(page.getByText(/changes? waiting to be sent/)).toHaveCount(0)

  const reader = await visit('/home')
  const delivered = reader.getByRole('article').filter({ hasText: 'Written in the tunnel' })
  for (const text of texts) await expect(card(reader, text)).toHaveCount(1)
  const order = await delivered.allTextContents()
  const mine = order.flatMap((shown) => texts.filter((text) => shown.includes(text)))
  expect(mine).toEqual([...texts].reverse())
})

/** The homeserver answers like this until the route is taken away. */
async function refuse(page: Page, writes: RegExp, status: 403 | 507): Promise<void> {
  await page.route(writes, async (route) => {
    if (['OPTIONS', 'GET', 'HEAD'].includes(route.request().method())) return route.fallback()
    await route.fulfill({
      status,
      headers: { 'access-control-allow-origin': '*' },
      contentType: 'application/json',
      body: JSON.stringify({ error: 'Refused.', ...(status === 403 ? { code: 'forbidden' } : {}) }),
    })
  })
}

test('a refused post gives its text back, with the reason', async ({ join, guard }) => {
  guard.allow(/status of 403/)
  const { page } = await join('Person refused')
  const writes = /\/pub\/pubky\.app\/posts\//
  await refuse(page, writes, 403)
  const text = unique('Nobody shall take my words')
  await write(page.getByRole('main'), { text })
  const refused = card(page, text)
  await expect(refused.getByText('Not sent')).toBeVisible()
  await expect(refused).toContainText('The homeserver does not allow this.')
  await expectAccessible(page, 'a refused post')

  await test.step('it is told wherever the person goes, until they have enough of it', async () => {
    await page.goto('/hot')
    const notice = page.getByRole('region', { name: 'Something needs you' })
    await expect(notice).toContainText('A change was not sent.')
    await notice.getByRole('link', { name: 'Look' }).click()
    const list = page.getByRole('list', { name: 'Waiting to be sent' })
    await expect(list).toContainText(text)
    await expect(list).toContainText('The homeserver does not allow this.')
    await expect(notice).toBeHidden()
    await expectAccessible(page, 'what is not sent')
    await page.goto('/hot')
    await notice.getByRole('button', { name: 'Dismiss' }).click()
    await expect(notice).toBeHidden()
    await page.goto('/home')
    await expect(refused.getByText('Not sent')).toBeVisible()
    await page.waitForTimeout(3000)
    await expect(notice).toBeHidden()
  })

  await test.step('so is a repost', async () => {
    await page.unroute(writes)
    await refused.getByRole('button', { name: 'Retry' }).click()
    await expectDelivered(refused)
    await refuse(page, writes, 403)
    await refused.getByRole('button', { name: /^Repost/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Repost' })
    await dialog.getByRole('button', { name: 'Repost', exact: true }).click()
    const repost = page.getByRole('article').filter({ hasText: 'You reposted' }).first()
    await expect(repost.getByText('Not sent')).toBeVisible()
    await expectAccessible(page, 'a refused repost')
    await page.unroute(writes)
    await repost.getByRole('button', { name: 'Retry' }).click()
    await expectDelivered(repost)
  })
})

test('a refused profile is kept, and said in the tab that is seen', async ({ join, guard }) => {
  // The settings open a session of their own, which ends that of the other tab.
  guard.allow(/status of (507|401)/)
  const { page } = await join('Person without space')
  await publish(page, { text: unique('This tab sends') })
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
  })
  const seen = await page.context().newPage()
  const profile = /\/pub\/pubky\.app\/(profile|files|blobs)/
  await refuse(page, profile, 507)
  await seen.goto('/settings/edit')
  await seen.getByLabel('Status').fill('Out of space')
  await seen.getByRole('button', { name: 'Save' }).click()
  await expect(seen.getByText('The space of your account is used up.')).toBeVisible()
  await expect(page.getByText('The space of your account is used up.')).toHaveCount(0)

  await page.unroute(profile)
  await seen.goto('/settings/data')
  const list = seen.getByRole('list', { name: 'Waiting to be sent' })
  await expect(list).toContainText('Your profile')
  await expectAccessible(seen, 'a profile that is not sent')
  await list.getByRole('button', { name: 'Try again' }).click()
  await expect(list).toBeHidden()
  await seen.goto('/settings/edit')
  await expect(seen.getByLabel('Status')).toHaveValue('Out of space')
})
