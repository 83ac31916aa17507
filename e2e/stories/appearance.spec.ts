import { card, publish, unique } from '../flows/posts.ts'
import { expectAccessible, expectNoOverflow } from '../setup/axe.ts'
import { picture } from '../setup/picture.ts'
import { expect, test } from '../setup/story.ts'

test('colours and text size are chosen, kept, and readable', async ({ join }) => {
  const { page } = await join('Person of taste')
  const text = unique('Readable in every light')
  await publish(page, { text, tags: ['bitcoin', 'quiet-joy'] })
  const root = page.locator('html')

  await page.goto('/settings/appearance')
  await expectAccessible(page, 'appearance in the dark')
  await page.getByRole('group', { name: 'Colours' }).getByText('Light', { exact: true }).click()
  await expect(root).toHaveAttribute('data-theme', 'light')
  await expectAccessible(page, 'appearance in the light')
  await page.getByRole('group', { name: 'Text size' }).getByText('Larger', { exact: true }).click()

  await page.goto('/home')
  await expect(root).toHaveAttribute('data-theme', 'light')
  await expect(root).toHaveCSS('font-size', '20px')
  await expect(card(page, text)).toBeVisible()
  await expectAccessible(page, 'home in the light with large text')

  await page.goto('/settings/appearance')
  await page.getByRole('group', { name: 'Colours' }).getByText('As the device').click()
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await page.evaluate(
    () => getComputedStyle(document.documentElement).backgroundColor,
  )
  expect(light).not.toBe(dark)
})

test('the app reads from right to left, mirrored and without overflow', async ({ join }) => {
  const { page } = await join('Person of the right')
  const text = unique('A text from left to right')
  await publish(page, { text, tags: ['mirror'], pictures: [picture()] })
  await page.goto('/home?lang=ar-XB')
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
  await expect(card(page, text)).toBeVisible()
  await expectAccessible(page, 'home from right to left')
  for (const path of ['/profile', '/profile/posts', '/search', '/hot', '/bookmarks', '/settings']) {
    await page.goto(path)
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
    await expect(page.getByRole('main')).toBeVisible()
    await expectNoOverflow(page, `${path} from right to left`)
  }
  for (const path of ['/', '/sign-in', '/onboarding']) {
    await page.context().clearCookies({ name: 'viewer' })
    await page.goto(path)
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
    await expectNoOverflow(page, `${path} from right to left`)
  }
})
