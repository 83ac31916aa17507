type Listener = (path: string) => void

const listeners = new Set<Listener>()

/** Hears of navigations that no link was pressed for. */
export function onNavigation(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** To be called together with `router.push`. */
export function announceNavigation(href: string): void {
  const { pathname } = new URL(href, location.href)
  for (const listener of listeners) listener(pathname)
}
