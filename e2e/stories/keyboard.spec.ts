import { expectAlive } from '../flows/onboarding.ts'
import { card, expectDelivered, publish, unique } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
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

  await test.step('after a tag the focus is where it was', async () => {
    const post = page.getByRole('article').first()
    const add = post.getByRole('button', { name: 'Add a tag' })
    await add.focus()
    await keyboard.press('Enter')
    await keyboard.type('reachable')
    await keyboard.press('Enter')
    await expect(post.getByRole('button', { name: 'reachable, 1, tagged by you' })).toBeVisible()
    await expect(add).toBeFocused()
    await keyboard.press('Enter')
    await expect(post.getByRole('textbox', { name: 'Add a tag' })).toBeFocused()
    await keyboard.press('Escape')
    await expect(add).toBeFocused()
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

test('single keys move, act and go, and can be turned off', async ({ join }) => {
  const { page } = await join('Person with quick fingers')
  const keyboard = page.keyboard
  const texts = ['first', 'second'].map((word) => unique(`The ${word} of two`))
  for (const text of texts) await publish(page, { text })
  const [older = '', newer = ''] = texts
  await page.reload()
  await expectAlive(page)

  await test.step('j and k walk through the posts', async () => {
    // What comes in above the place where one is would not be met any more.
    for (const text of texts) await expect(card(page, text)).toBeVisible()
    // Other people write meanwhile, so others may stand in between.
    const walk = async (key: string, text: string) => {
      for (let press = 0; press < 12; press += 1) {
        await keyboard.press(key)
        await expect(page.locator('[data-post]:focus')).toBeVisible()
        if (await card(page, text).evaluate((node) => node === document.activeElement)) break
      }
      await expect(card(page, text)).toBeFocused()
    }
    await walk('j', newer)
    await walk('j', older)
    await walk('k', newer)
  })

  await test.step('s keeps a post, r answers it, e edits it', async () => {
    await keyboard.press('s')
    await expect(card(page, newer).getByRole('button', { name: 'Remove bookmark' })).toBeVisible()
    await keyboard.press('r')
    const dialog = page.getByRole('dialog', { name: 'Reply' })
    await expect(dialog).toBeVisible()
    await keyboard.press('Escape')
    await expect(dialog).toBeHidden()
    await keyboard.press('e')
    const editing = page.getByRole('dialog', { name: 'Edit post' })
    await expect(editing.getByLabel('Text of the post')).toHaveValue(newer)
    await keyboard.press('Escape')
    await expect(editing).toBeHidden()
  })

  await test.step('g h goes home, / searches, and typing is left alone', async () => {
    await keyboard.press('o')
    await expect(page).toHaveURL(/\/post\//)
    await keyboard.press('g')
    await keyboard.press('h')
    await expect(page).toHaveURL(/\/home$/)
    await expectAlive(page)
    await keyboard.press('/')
    const field = page.getByRole('searchbox').first()
    await expect(field).toBeFocused()
    await keyboard.type('jng')
    await expect(field).toHaveValue('jng')
    await expect(page).toHaveURL(/\/home$/)
    await field.blur()
  })

  await test.step('? lists the keys and turns them off', async () => {
    await keyboard.press('?')
    const help = page.getByRole('dialog', { name: 'Keyboard' })
    await expect(help).toBeVisible()
    await expectAccessible(page, 'list of keys')
    await help.getByLabel('Single keys do something').uncheck()
    await keyboard.press('Escape')
    await keyboard.press('n')
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await keyboard.press('?')
    await help.getByLabel('Single keys do something').check()
    await keyboard.press('Escape')
    await keyboard.press('n')
    await expect(page.getByRole('dialog', { name: 'New post' })).toBeVisible()
  })
})
