import type { Page } from '@playwright/test'

/** Lets no answer to such requests through until they are released. */
export async function holdBack(
  page: Page,
  url: string | RegExp | ((url: URL) => boolean),
): Promise<{ release: () => void }> {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.context().route(url, async (route) => {
    await released
    await route.continue()
  })
  return { release }
}
