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

test('a refused post gives its text back, with the reason', async ({ join, guard }) => {
  guard.allow(/status of 403/)
  const { page } = await join('Person refused')
  const writes = /\/pub\/pubky\.app\/posts\//
  await page.route(writes, async (route) => {
    const asks = route.request().method() === 'OPTIONS'
    if (asks) return route.fallback()
    await route.fulfill({
      status: 403,
      headers: { 'access-control-allow-origin': '*' },
      contentType: 'application/json',
      body: JSON.stringify({ error: 'This path is closed.', code: 'forbidden' }),
    })
  })
  const text = unique('Nobody shall take my words')
  await write(page.getByRole('main'), { text })
  const refused = card(page, text)
  await expect(refused.getByText('Not sent')).toBeVisible()
  await expect(refused).toContainText('The homeserver does not allow this.')
  await expectAccessible(page, 'a refused post')

  await test.step('it is told wherever the person goes, until they have enough of it', async () => {
    await page.goto('/hot')
    const notice = page.getByRole('region', { name: 'Something needs you' })
    await expect(notice).toContainText('A post was not sent.')
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

  await page.unroute(writes)
  await refused.getByRole('button', { name: 'Retry' }).click()
  await expectDelivered(refused)
})
