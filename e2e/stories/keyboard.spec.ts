import { card, expectDelivered, publish, unique } from '../flows/posts.ts'
import { expect, test } from '../setup/story.ts'

test('everything is done with the keyboard alone', async ({ join }) => {
  const { page } = await join('Person without a mouse')
  const keyboard = page.keyboard

  await test.step('the first stop skips to the content', async () => {
    await page.reload()
    await expect(page.getByRole('main')).toBeVisible()
    await keyboard.press('Tab')
    await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
    await keyboard.press('Enter')
    await expect(page.locator('#content')).toBeFocused()
  })

  await test.step('a post is written and sent', async () => {
    const text = unique('Typed and sent')
    const field = page.getByRole('main').getByLabel('Text of the post')
    for (let press = 0; press < 30; press += 1) {
      if (await field.evaluate((node) => node === document.activeElement)) break
      await keyboard.press('Tab')
    }
    await expect(field).toBeFocused()
    await keyboard.type(text)
    await keyboard.press('Control+Enter')
    await expectDelivered(card(page, text))
  })

  await test.step('a dialog keeps the focus, closes by Escape and gives it back', async () => {
    const text = unique('About dialogs')
    const post = await publish(page, { text })
    const button = post.getByRole('button', { name: /^Reply/ })
    await button.focus()
    await keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Reply' })
    await expect(dialog.getByLabel('Text of the post')).toBeFocused()
    for (let press = 0; press < 12; press += 1) {
      await keyboard.press('Tab')
      const outside = await page.evaluate(() => {
        const { activeElement, body } = document
        return activeElement !== body && activeElement?.closest('dialog') === null
      })
      expect(outside).toBe(false)
    }
    await keyboard.press('Escape')
    await expect(dialog).toBeHidden()
    await expect(button).toBeFocused()
  })

  await test.step('a menu opens, moves and closes by keys', async () => {
    const menu = page
      .getByRole('article')
      .first()
      .getByRole('button', { name: 'More about this post' })
    await menu.focus()
    await keyboard.press('Enter')
    await expect(page.getByRole('menuitem').first()).toBeFocused()
    await keyboard.press('ArrowDown')
    await expect(page.getByRole('menuitem').nth(1)).toBeFocused()
    await keyboard.press('Escape')
    await expect(menu).toBeFocused()
  })
})
