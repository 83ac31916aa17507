import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** A notice or bar that covers half of a button is no fault of the button: scrolling frees it. */
function isCovered(id: string, summary = ''): boolean {
  return id === 'target-size' && summary.includes('partially obscured')
}

/** The page as it is now breaks no rule of WCAG 2.2 AA that a machine can check, and fits its width. */
export async function expectAccessible(page: Page, state: string): Promise<void> {
  // Between two pages there is none for a moment.
  await expect(page).toHaveTitle(/\S/)
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze()
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes
      .filter(({ failureSummary }) => !isCovered(id, failureSummary))
      .map(({ target, failureSummary }) => `${id}: ${help} at ${target} ${failureSummary}`),
  )
  expect(found, `axe on ${state}`).toEqual([])
  await expectNoOverflow(page, state)
}

/** Nothing makes the page wider than the window. */
export async function expectNoOverflow(page: Page, state: string): Promise<void> {
  const surplus = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return scrollWidth - clientWidth
  })
  expect(surplus, `horizontal overflow on ${state}`).toBeLessThanOrEqual(0)
}
