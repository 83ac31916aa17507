import { card, fromMenu, publish, unique } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { expect, test } from '../setup/story.ts'

test('people follow each other, become friends, and part again', async ({ join }) => {
  const ada = await join('Ada who follows')
  const bob = await join('Bob who follows')

  // Whoever follows nobody is shown where people are.
  await expect(ada.page.getByRole('main')).toContainText('You follow nobody yet')
  await ada.page.getByRole('link', { name: 'Find people' }).click()
  await expect(ada.page.getByRole('list', { name: 'Most followed' })).toBeVisible()
  await expectAccessible(ada.page, 'where to begin')

  await ada.page.goto(`/profile/${bob.key}`)
  await ada.page.getByRole('main').getByRole('button', { name: 'Follow Bob who follows' }).click()
  const parting = ada.page
    .getByRole('main')
    .getByRole('button', { name: 'Unfollow Bob who follows' })
  await expect(parting).toBeVisible()
  await expectAccessible(ada.page, 'profile of somebody followed')

  await bob.page.getByRole('link', { name: 'Notifications, 1 unread' }).click()
  await bob.page.getByRole('link', { name: /Ada who follows followed you/ }).click()
  await expect(bob.page.getByText('Follows you')).toBeVisible()
  await bob.page.getByRole('main').getByRole('button', { name: 'Follow Ada who follows' }).click()
  await expect(bob.page.getByText('You follow each other')).toBeVisible()

  await ada.page.getByRole('link', { name: 'Notifications, 1 unread' }).click()
  await expect(
    ada.page.getByRole('link', { name: /Bob who follows.*you are friends/ }),
  ).toBeVisible()
  await ada.page.goto('/profile/friends')
  const friends = ada.page.getByRole('main')
  await expect(friends.getByRole('link', { name: /Bob who follows/ })).toBeVisible()
  await expectAccessible(ada.page, 'list of friends')

  const text = unique('Only for those who follow')
  await bob.page.goto('/home')
  await publish(bob.page, { text })
  await ada.page.goto('/home')
  await ada.page.getByText('Following', { exact: true }).filter({ visible: true }).first().click()
  await expect(card(ada.page, text)).toBeVisible()

  await ada.page.goto(`/profile/${bob.key}`)
  await parting.click()
  await expect(
    ada.page.getByRole('main').getByRole('button', { name: 'Follow Bob who follows' }),
  ).toBeVisible()
  await expect(ada.page.getByText('Follows you')).toBeVisible()
})

test('posts of somebody muted vanish everywhere but on their profile', async ({ join }) => {
  const loud = await join('Loud person')
  const text = unique('VERY LOUD')
  await publish(loud.page, { text })
  const { page } = await join('Person who mutes')
  await expect(card(page, text)).toBeVisible()

  await fromMenu(card(page, text), 'Mute Loud person')
  await expect(card(page, text)).toHaveCount(0)
  await page.reload()
  await expect(page.getByRole('main')).toBeVisible()
  await expect(page.getByRole('feed').or(page.getByText('It is quiet here')).first()).toBeVisible()
  await expect(card(page, text)).toHaveCount(0)

  await page.goto(`/profile/${loud.key}`)
  await expect(page.getByText('You muted this person.')).toBeVisible()
  await expect(card(page, text)).toBeVisible()
  await expectAccessible(page, 'profile of somebody muted')

  await page.goto('/settings/muted-users')
  await expectAccessible(page, 'muted people')
  await page.getByRole('button', { name: 'Unmute Loud person' }).click()
  await expect(page.getByText('You mute nobody')).toBeVisible()
  await expect(page.getByText(/changes? waiting to be sent/)).toHaveCount(0)
  await expect(async () => {
    await page.goto('/home')
    await expect(card(page, text)).toBeVisible({ timeout: 5000 })
  }).toPass()
})
