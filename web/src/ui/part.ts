import { type ComponentType, type LazyExoticComponent, lazy } from 'react'

const FIRST_MS = 500
const LAST_MS = 8000
const MISSING_MS = 4000

/** Event of the window: a part does not come, for want of a connection or because it is gone. */
export const PART_MISSING = 'pubky-part-missing'

/** Loads until it succeeds: without a connection a part comes later, and the page around it stays. */
export async function insist<T>(load: () => Promise<T>): Promise<T> {
  for (let waitMs = FIRST_MS; ; waitMs = Math.min(LAST_MS, waitMs * 2)) {
    try {
      return await load()
    } catch {
      if (waitMs >= MISSING_MS) dispatchEvent(new Event(PART_MISSING))
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}

/**
 * A part of a page that is loaded when it is wanted.
 *
 * @example
 * const Uploads = part(() => import('./uploads.tsx').then((m) => m.Uploads))
 */
export function part<P extends object>(
  load: () => Promise<ComponentType<P>>,
): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => ({ default: await insist(load) }))
}
