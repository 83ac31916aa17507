/** Only what this worker uses of its global scope; the page's types know nothing of workers. */
export interface WorkerScope {
  location: { origin: string }
  caches: CacheStorage
  clients: { claim(): Promise<void> }
  fetch: typeof fetch
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: LifeEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: LoadEvent) => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}

export interface LifeEvent {
  waitUntil(work: Promise<unknown>): void
}

export interface LoadEvent extends LifeEvent {
  request: Request
  respondWith(response: Promise<Response>): void
}

export interface WorkerOptions {
  /** Of this build. */
  version: string
  /** Pages that are shown without a connection. */
  offlinePage: string
  shell: readonly string[]
}

/**
 * What the browser runs besides the page (spec/web-app.md 20.5). Scripts and styles come from the
 * cache, pages and pictures from the network first and from the cache when there is none. Pages are
 * kept apart by the person they were made for, answers of services never.
 *
 * Its source is sent as text: everything it needs stands inside.
 */
export function serviceWorker(scope: WorkerScope, o: WorkerOptions): void {
  const STATIC = `pubky-static-${o.version}`
  const PAGES = `pubky-pages-${o.version}`
  const MEDIA = 'pubky-media'
  const PERSON = 'pubky-person'
  const MOST_PAGES = 30
  const MOST_MEDIA = 150

  async function install(): Promise<void> {
    const cache = await scope.caches.open(STATIC)
    await cache.addAll([...o.shell])
    const page = await scope.fetch(o.offlinePage, { cache: 'no-store', credentials: 'omit' })
    const html = await page.clone().text()
    await cache.put(o.offlinePage, page)
    const files = html.match(/\/_next\/static\/[\w./~-]+/g) ?? []
    await cache.addAll([...new Set(files)])
  }

  async function activate(): Promise<void> {
    const names = await scope.caches.keys()
    const kept = [STATIC, PAGES, MEDIA, PERSON]
    const old = names.filter((name) => name.startsWith('pubky-') && !kept.includes(name))
    await Promise.all(old.map((name) => scope.caches.delete(name)))
    await scope.clients.claim()
  }

  async function trim(cache: Cache, most: number): Promise<void> {
    const keys = await cache.keys()
    for (const key of keys.slice(0, Math.max(0, keys.length - most))) await cache.delete(key)
  }

  async function put(name: string, url: string, response: Response, most: number) {
    const cache = await scope.caches.open(name)
    // Put anew, so that the oldest comes first.
    await cache.delete(url, { ignoreVary: true })
    await cache.put(url, response)
    await trim(cache, most)
  }

  /** Named by their content: once there, never asked for again. */
  async function fromCacheFirst(request: Request): Promise<Response> {
    const cache = await scope.caches.open(STATIC)
    const known = await cache.match(request)
    if (known) return known
    const response = await scope.fetch(request)
    if (response.ok) await cache.put(request, response.clone())
    return response
  }

  async function currentPerson(): Promise<string | null> {
    const noted = await (await scope.caches.open(PERSON)).match('/person')
    return noted ? noted.text() : null
  }

  async function page(event: LoadEvent): Promise<Response> {
    const { request } = event
    try {
      const response = await scope.fetch(request)
      if (response.ok && response.headers.has('pubky-page-for'))
        event.waitUntil(put(PAGES, request.url, response.clone(), MOST_PAGES))
      return response
    } catch (error) {
      const kept = await (await scope.caches.open(PAGES)).match(request.url, { ignoreVary: true })
      const person = await currentPerson()
      if (kept && person !== null && kept.headers.get('pubky-page-for') === person) return kept
      const offline = await (await scope.caches.open(STATIC)).match(o.offlinePage)
      if (offline) return offline
      throw error
    }
  }

  /** Shown from the cache, and fetched again for the next time. */
  async function picture(event: LoadEvent): Promise<Response> {
    const { url } = event.request
    // With CORS, so that the size of the answer is known and counts as what it is.
    const asked = new Request(url, { mode: 'cors', credentials: 'omit' })
    const known = await (await scope.caches.open(MEDIA)).match(url, { ignoreVary: true })
    const fresh = scope.fetch(asked).then((response) => {
      if (response.ok) event.waitUntil(put(MEDIA, url, response.clone(), MOST_MEDIA))
      return response
    })
    if (!known) return fresh
    event.waitUntil(fresh.catch(() => {}))
    return known
  }

  scope.addEventListener('install', (event) => event.waitUntil(install()))
  scope.addEventListener('activate', (event) => event.waitUntil(activate()))
  scope.addEventListener('message', ({ data }) => {
    if (data === 'activate') void scope.skipWaiting()
  })
  scope.addEventListener('fetch', (event) => {
    const { request } = event
    if (request.method !== 'GET') return
    const url = new URL(request.url)
    const isOurs = url.origin === scope.location.origin
    if (isOurs && request.mode === 'navigate') event.respondWith(page(event))
    else if (isOurs && url.pathname.startsWith('/_next/static/'))
      event.respondWith(fromCacheFirst(request))
    else if (request.destination === 'image' && url.pathname.startsWith('/static/files/'))
      event.respondWith(picture(event))
  })
}
