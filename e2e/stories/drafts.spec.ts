import { expectAlive } from '../flows/onboarding.ts'
import { card, expectDelivered, publish, unique, write } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

test('what is written survives a reload and is offered again, until it is sent', async ({
  join,
}) => {
  const { page } = await join('Interrupted writer')
  const field = page.getByRole('main').getByLabel('Text of the post')
  const text = unique('Half a thought')
  await field.fill(text)
  await page.reload()
  await expect(field).toHaveValue(text)
  await expect(page.getByText('Your draft is back.')).toBeVisible()
  await expectAccessible(page, 'home with a draft')

  await test.step('a reply is kept beside it', async () => {
    await page.getByRole('main').getByRole('button', { name: 'Post', exact: true }).click()
    const post = card(page, text)
    await expectDelivered(post)
    await post.getByRole('button', { name: /^Reply/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Reply' })
    const reply = unique('Half a reply')
    await dialog.getByLabel('Text of the post').fill(reply)
    // Nobody is so quick that the page has not seen the words yet.
    await expect(dialog.getByRole('button', { name: 'Reply', exact: true })).toBeEnabled()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Keep draft' }).click()
    await expect(dialog).toBeHidden()

    await page.goto('/drafts')
    const draft = page.getByRole('listitem').filter({ hasText: reply })
    await expect(draft).toContainText('Reply')
    await expectAccessible(page, 'drafts')
    await draft.getByRole('button', { name: 'Continue' }).click()
    await expect(dialog.getByLabel('Text of the post')).toHaveValue(reply)
    await dialog.getByRole('button', { name: 'Reply', exact: true }).click()
    await expect(page.getByRole('heading', { name: 'No drafts' })).toBeVisible()
    await expectAccessible(page, 'no drafts')
  })

  await test.step('what was sent or discarded is no draft', async () => {
    await page.goto('/home')
    await expectAlive(page)
    await expect(field).toHaveValue('')
    await field.fill(unique('Not worth keeping'))
    await page.reload()
    await expect(page.getByText('Your draft is back.')).toBeVisible()
    await page.getByRole('main').getByRole('button', { name: 'Discard' }).click()
    await expect(field).toHaveValue('')
    await page.reload()
    await expect(card(page, text)).toBeVisible()
    await expect(field).toHaveValue('')
  })
})

test('a refused post can be edited, with its words and tags', async ({ join, guard }) => {
  guard.allow(/status of 403/)
  const { page } = await join('Person who rewrites')
  await publish(page, { text: unique('Something before') })
  const writes = /\/pub\/pubky\.app\/posts\//
  await page.route(writes, async (route) => {
    if (route.request().method() === 'OPTIONS') return route.fallback()
    await route.fulfill({
      status: 403,
      headers: { 'access-control-allow-origin': '*' },
      contentType: 'application/json',
      body: JSON.stringify({ error: 'This path is closed.', code: 'forbidden' }),
    })
  })
  const text = unique('Refused at first')
  await write(page.getByRole('main'), { text, tags: ['stubborn'] })
  await expect(card(page, text).getByText('Not sent')).toBeVisible()
  await page.unroute(writes)
  await card(page, text).getByRole('button', { name: 'Edit', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'New post' })
  await expect(dialog.getByLabel('Text of the post')).toHaveValue(text)
  await expect(dialog.getByText('stubborn', { exact: true })).toBeVisible()
  await dialog.getByRole('button', { name: 'Post', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(card(page, text)).toHaveCount(1)
  await expectDelivered(card(page, text))
})

test('words of somebody who leaves before the drafts were read are kept', async ({ join }) => {
  const { page } = await join('Person in a hurry')
  const link = (name: string) =>
    page.getByRole('link', { name, exact: true }).filter({ visible: true })
  await link('Hot').click()
  await expect(page).toHaveURL(/\/hot$/)

  // A disk that is busy with something else.
  await page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open('pubky-web')
      opening.onsuccess = () => resolve(opening.result)
    })
    const drafts = db.transaction('drafts', 'readwrite').objectStore('drafts')
    const hold = () => {
      if (document.documentElement.hasAttribute('data-released')) db.close()
      else drafts.count().onsuccess = hold
    }
    hold()
  })
  await link('Home').click()
  const field = page.getByRole('main').getByLabel('Text of the post')
  const text = unique('Said in passing')
  await field.fill(text)
  await expect(
    page.getByRole('main').getByRole('button', { name: 'Post', exact: true }),
  ).toBeEnabled()
  await link('Hot').click()
  // Then the composer is gone.
  await expect(page).toHaveURL(/\/hot$/)
  await expect(page.getByRole('heading', { name: 'Hot', exact: true })).toBeVisible()
  await page.evaluate(() => document.documentElement.setAttribute('data-released', ''))
  await link('Home').click()
  await expect(field).toHaveValue(text)
})
