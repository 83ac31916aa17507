import { expect, type Locator, type Page } from '@playwright/test'
import type { picture } from '../setup/picture.ts'

export interface Draft {
  text: string
  tags?: readonly string[]
  pictures?: readonly ReturnType<typeof picture>[]
}

let count = 0

/** A text that no other story has written. */
export function unique(text: string): string {
  count += 1
  return `${text} ${process.pid.toString(36)}${Date.now().toString(36)}${count}`
}

/** Writes into the composer of a page or dialog and sends with its button. */
export async function write(scope: Page | Locator, draft: Draft, button = 'Post'): Promise<void> {
  const form = scope.locator('form:has(textarea)').first()
  await form.getByLabel('Text of the post').fill(draft.text)
  for (const file of draft.pictures ?? [])
    await form.locator('input[type=file]').setInputFiles(file)
  if (draft.tags?.length) {
    await form.getByRole('button', { name: 'Add tags' }).click()
    for (const tag of draft.tags) {
      const field = form.getByRole('textbox', { name: 'Add tags' })
      await field.fill(tag)
      await field.press('Enter')
    }
  }
  await form.getByRole('button', { name: button, exact: true }).click()
}

/** The card of the post that holds this text. */
export function card(page: Page, text: string): Locator {
  return page.getByRole('article').filter({ hasText: text })
}

/** The card has left the browser: the homeserver and the indexer have it. */
export async function expectDelivered(post: Locator): Promise<void> {
  await expect(post).toBeVisible()
  await expect(post.getByText('Sending', { exact: true })).toHaveCount(0)
  await expect(post.getByText('Not sent', { exact: true })).toHaveCount(0)
}

/** Writes a post on the home page and waits until the indexer has it. */
export async function publish(page: Page, draft: Draft): Promise<Locator> {
  await write(page.getByRole('main'), draft)
  const post = card(page, draft.text)
  await expectDelivered(post)
  return post
}

/** Opens the page of a post by the time in its header. */
export async function open(post: Locator): Promise<void> {
  await post.locator('header a[href^="/post/"]').click()
  await expect(post.page()).toHaveURL(/\/post\//)
}

/** Brings posts of others, which wait behind a button, into the feed. */
export async function showNewPosts(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^See \d+ new posts?$/ }).click()
}

/** Chooses an entry of the menu of a post. */
export async function fromMenu(post: Locator, entry: string | RegExp): Promise<void> {
  await post.getByRole('button', { name: 'More about this post' }).click()
  await post.page().getByRole('menuitem', { name: entry }).click()
}
