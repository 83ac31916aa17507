import { expectAlive } from '../flows/onboarding.ts'
import { publish, unique } from '../flows/posts.ts'
import { expectAccessible } from '../setup/axe.ts'
import { AWAY } from '../setup/guard.ts'
import { holdBack } from '../setup/hold-back.ts'
import { expect, test } from '../setup/story.ts'

test('a page that takes its time shows that it is coming', async ({ join }) => {
  const { page } = await join('Patient person')
  const answers = await holdBack(page, /_rsc=/)
  await page.getByRole('link', { name: 'Hot', exact: true }).filter({ visible: true }).click()
  const waiting = page.getByRole('main').getByRole('status', { name: 'Loading' })
  await expect(waiting).toBeVisible()
  await expect(page).toHaveURL(/\/home$/)
  await expectAccessible(page, 'page on its way')
  answers.release()
  await expect(page).toHaveURL(/\/hot$/)
  await expect(page.getByRole('heading', { level: 1, name: 'Hot' })).toBeVisible()
  await page.context().unrouteAll({ behavior: 'wait' })
})

test('a silent indexer is noticed, said, and noticed again when it answers', async ({
  join,
  guard,
}) => {
  guard.allow(AWAY)
  const { page } = await join('Person who wonders')
  const text = unique('Still to be read')
  await publish(page, { text })
  const indexer = /\/trpc\/|:\d+\/health/
  await page.route(indexer, (route) => route.abort())
  await page.getByRole('link', { name: 'Hot', exact: true }).filter({ visible: true }).click()
  const notice = page.getByText(/The indexer does not answer|You are offline/)
  await expect(notice).toBeVisible()
  await page.getByRole('link', { name: 'Home', exact: true }).filter({ visible: true }).click()
  await expect(page.getByRole('article').filter({ hasText: text })).toBeVisible()
  await expectAccessible(page, 'indexer away')
  await page.unroute(indexer)
  await expect(notice).toBeHidden()
  await expectAlive(page)
})
