import { card, open, publish, unique } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { picture } from '../setup/picture.ts'
import { address, expect, test } from '../setup/story.ts'

test('a guest reads the landing page, looks around, and is invited when acting', async ({
  visit,
  join,
}) => {
  const author = await join('Author for guests')
  const text = unique('Anybody may read this')
  await publish(author.page, { text })

  const guest = await visit('/')
  await expect(guest.getByRole('heading', { level: 1 })).toBeVisible()
  await expectAccessible(guest, 'landing page')
  await guest.getByRole('link', { name: 'Look around first' }).click()
  await expect(guest).toHaveURL(/\/home$/)
  await expect(card(guest, text)).toBeVisible()
  await expectAccessible(guest, 'home of a guest')

  await card(guest, text)
    .getByRole('button', { name: /^Reply/ })
    .click()
  const dialog = guest.getByRole('dialog', { name: 'Join the conversation' })
  await expect(dialog).toBeVisible()
  await expectAccessible(guest, 'invitation to join')
  await guest.keyboard.press('Escape')
  await expect(dialog).toBeHidden()

  await open(card(guest, text))
  await expect(card(guest, text)).toBeVisible()
  await guest.goto(`/profile/${author.key}`)
  await expect(guest.getByRole('heading', { level: 1, name: 'Author for guests' })).toBeVisible()
  await expect(card(guest, text)).toBeVisible()
  await expectAccessible(guest, 'profile seen by a guest')
})

test('the server names a public post in its HTML, with its picture', async ({ join }) => {
  const { page } = await join('Author of a preview')
  const text = unique('What a link preview shows')
  const post = await publish(page, { text, pictures: [picture()] })
  await open(post)
  let html = ''
  const meta = (name: string) =>
    new RegExp(`<meta property="og:${name}" content="([^"]*)"`).exec(html)?.[1] ?? ''
  // The server asks the indexer, which may hear of post and picture a moment later than this page.
  await expect
    .poll(async () => {
      html = await (await page.request.get(page.url())).text()
      return meta('image')
    })
    .not.toBe('')
  expect(meta('title')).toContain('Author of a preview')
  expect(meta('description')).toContain(text)
  expect(meta('url')).toBe(page.url())
  expect(html).toContain(text)
  // The indexer makes it smaller when it is first asked for, and gives up where the machine is busy.
  await expect
    .poll(async () => (await page.request.get(meta('image'))).headers()['content-type'])
    .toMatch(/^image\//)
})

test('an empty place of a post opens it; what is selected or has its own action does not', async ({
  join,
}) => {
  const { page } = await join('Author of a card')
  const text = unique('Press beside the words')
  const post = await publish(page, { text })
  const bodyOf = post.getByText(text)
  await bodyOf.selectText()
  await bodyOf.dispatchEvent('click')
  await post.getByRole('button', { name: 'Add a tag' }).click()
  await expect(post.getByRole('textbox', { name: 'Add a tag' })).toBeVisible()
  await expect(page).toHaveURL(/\/home$/)
  const tab = page.context().waitForEvent('page')
  await bodyOf.click({ button: 'middle' })
  await expect(await tab).toHaveURL(/\/post\//)
  await (await tab).close()
  await page.evaluate(() => getSelection()?.empty())
  await bodyOf.click()
  await expect(page).toHaveURL(/\/post\//)
  await expect(page.getByRole('heading', { name: 'Conversation', exact: true })).toBeVisible()
})

test('the app has one name: 127.0.0.1 leads to localhost', async ({ visit }) => {
  const page = await visit()
  const elsewhere = new URL('/search?q=words', address())
  elsewhere.hostname = '127.0.0.1'
  await page.goto(elsewhere.href)
  await expect(page).toHaveURL(`${address()}/search?q=words`)
})

test('an address of nothing says so, in the frame of the app where it has one', async ({
  visit,
  guard,
}) => {
  guard.allow(/status of 404/)
  const page = await visit('/no-such-page')
  await expect(page.getByRole('heading', { name: 'Nothing lives here' })).toBeVisible()
  await expectAccessible(page, 'page of a wrong address')
  await page.goto('/post/nobody/nothing')
  await expect(page.getByRole('heading', { name: 'Nothing lives here' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Pubky', exact: true })).toHaveCount(1)
  await expectAccessible(page, 'page of a wrong address of a post')
})
