/**
 * The first script of every page: brings the others when people see the page. All of them at once, so
 * that none is found by the one before. Its source is sent as text: everything it needs stands inside.
 */
export function lateStart(main: readonly string[], all: readonly string[]): void {
  /** Some browsers do not tell of their first paint. */
  const LONGEST_WAIT_MS = 3000
  const known = new Set(all)

  /** Scripts that the page's own data names. */
  function ofPage(): string[] {
    const flight = (globalThis as { __next_f?: [number, unknown?][] }).__next_f
    const text = (flight ?? []).map(([, part]) => (typeof part === 'string' ? part : '')).join('')
    const named = text.match(/static\/chunks\/[\w.~-]+\.js/g) ?? []
    return named.filter((file) => known.has(file))
  }

  function start(): void {
    for (const file of new Set([...main, ...ofPage()])) {
      const src = `/_next/${file}`
      // What needs no script to work only warms the cache for the page after it.
      if (document.querySelector('[data-still]')) {
        fetch(src, { priority: 'low' } as RequestInit).catch(() => {})
        continue
      }
      const script = document.createElement('script')
      script.setAttribute('async', '')
      script.setAttribute('src', src)
      document.head.append(script)
    }
  }

  let started = false
  function once(): void {
    if (started) return
    started = true
    start()
  }

  function whenPainted(): void {
    // Out of sight nothing is painted, some pages of errors are made by the scripts alone, and where
    // people come to fill in a form it has to be alive first.
    const isSeen = document.visibilityState === 'visible' && document.querySelector('main')
    const waits = isSeen && !document.querySelector('[data-at-once]')
    setTimeout(once, waits ? LONGEST_WAIT_MS : 0)
    try {
      new PerformanceObserver((list, observer) => {
        if (!list.getEntriesByName('first-contentful-paint')[0]) return
        observer.disconnect()
        once()
      }).observe({ type: 'paint', buffered: true })
    } catch {
      // The wait above is enough.
    }
  }

  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', whenPainted)
  else whenPainted()
}
