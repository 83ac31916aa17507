import { describe, expect, it } from 'vitest'
import {
  type LifeEvent,
  type LoadEvent,
  serviceWorker,
  type WorkerScope,
} from './service-worker.ts'

const ORIGIN = 'https://app.example'

function urlOf(request: RequestInfo | URL): string {
  return typeof request === 'object' && 'url' in request ? request.url : String(request)
}

class MemoryCache {
  readonly entries = new Map<string, Response>()

  #key(request: RequestInfo | URL): string {
    return new URL(urlOf(request), ORIGIN).href
  }

  async match(request: RequestInfo | URL) {
    return this.entries.get(this.#key(request))?.clone()
  }

  async put(request: RequestInfo | URL, response: Response) {
    this.entries.set(this.#key(request), response)
  }

  async delete(request: RequestInfo | URL) {
    return this.entries.delete(this.#key(request))
  }

  async keys() {
    return [...this.entries.keys()].map((url) => new Request(url))
  }

  async addAll(urls: string[]) {
    for (const url of urls) await this.put(url, new Response(`static ${url}`))
  }
}

/** A worker in a world of its own, where the network can be taken away. */
async function installed(pages: Record<string, { text: string; person?: string }>) {
  const caches = new Map<string, MemoryCache>()
  const listeners: Record<string, (event: never) => void> = {}
  const world = { online: true, asked: [] as string[] }
  const open = async (name: string) => {
    const cache = caches.get(name) ?? new MemoryCache()
    caches.set(name, cache)
    return cache
  }
  const scope = {
    location: { origin: ORIGIN },
    caches: {
      open,
      keys: async () => [...caches.keys()],
      delete: async (n: string) => caches.delete(n),
    },
    clients: { claim: async () => {} },
    skipWaiting: async () => {},
    fetch: async (input: RequestInfo) => {
      const url = new URL(urlOf(input), ORIGIN)
      world.asked.push(url.pathname)
      if (!world.online) throw new TypeError('offline')
      const page = pages[url.pathname]
      const headers = page?.person ? { 'pubky-page-for': page.person } : undefined
      return new Response(page?.text ?? `from network ${url.pathname}`, headers ? { headers } : {})
    },
    addEventListener: (type: string, listener: (event: never) => void) => {
      listeners[type] = listener
    },
  }
  serviceWorker(scope as unknown as WorkerScope, {
    version: 'v2',
    offlinePage: '/offline',
    shell: ['/icon.svg'],
  })

  async function live(type: string) {
    const work: Promise<unknown>[] = []
    const event: LifeEvent = { waitUntil: (one) => void work.push(one) }
    listeners[type]?.(event as never)
    await Promise.all(work)
  }

  async function load(path: string, mode: 'navigate' | 'no-cors', destination = '') {
    const work: Promise<unknown>[] = []
    let answer: Promise<Response> | null = null
    const url = new URL(path, ORIGIN).href
    const event = {
      request: { url, method: 'GET', mode, destination },
      waitUntil: (one: Promise<unknown>) => void work.push(one),
      respondWith: (response: Promise<Response>) => {
        answer = response
      },
    }
    listeners.fetch?.(event as unknown as LoadEvent as never)
    const text = answer === null ? null : await (await (answer as Promise<Response>)).text()
    await Promise.all(work)
    return text
  }

  async function become(person: string) {
    await (await open('pubky-person')).put('/person', new Response(person))
  }

  await live('install')
  await live('activate')
  return { world, caches, load, live, become, open }
}

const PAGES = {
  '/offline': { text: '<script src="/_next/static/chunks/a.js"></script>offline' },
  '/home': { text: 'home of ann', person: 'ann' },
  '/sign-in': { text: 'sign in' },
}

describe('the service worker', () => {
  it('shows a page again without a connection, and the offline page for others', async () => {
    const { world, load, become } = await installed(PAGES)
    await become('ann')
    expect(await load('/home', 'navigate')).toBe('home of ann')
    world.online = false
    expect(await load('/home', 'navigate')).toBe('home of ann')
    expect(await load('/hot', 'navigate')).toContain('offline')
  })

  it('never shows one person what was made for another', async () => {
    const { world, load, become } = await installed(PAGES)
    await become('ann')
    await load('/home', 'navigate')
    world.online = false
    await become('bob')
    expect(await load('/home', 'navigate')).toContain('offline')
    await become('guest')
    expect(await load('/home', 'navigate')).toContain('offline')
  })

  it('keeps no page that is not for keeping', async () => {
    const { world, load, become } = await installed(PAGES)
    await become('ann')
    await load('/sign-in', 'navigate')
    world.online = false
    expect(await load('/sign-in', 'navigate')).toContain('offline')
  })

  it('asks for a script once, and has those of the offline page from the start', async () => {
    const { world, load } = await installed(PAGES)
    expect(await load('/_next/static/chunks/a.js', 'no-cors')).toContain('static')
    await load('/_next/static/chunks/b.js', 'no-cors')
    await load('/_next/static/chunks/b.js', 'no-cors')
    expect(world.asked.filter((path) => path.endsWith('b.js'))).toHaveLength(1)
    expect(world.asked.filter((path) => path.endsWith('a.js'))).toHaveLength(0)
  })

  it('leaves answers of services alone', async () => {
    const { load } = await installed(PAGES)
    expect(await load('https://indexer.example/trpc/posts.stream', 'no-cors')).toBeNull()
    expect(await load('/home?_rsc=1', 'no-cors')).toBeNull()
  })

  it('clears what older versions kept, but not what belongs to others', async () => {
    const { open, live, caches } = await installed(PAGES)
    await open('pubky-static-v1')
    await open('somebody-else')
    await live('activate')
    expect([...caches.keys()]).not.toContain('pubky-static-v1')
    expect([...caches.keys()]).toContain('somebody-else')
  })
})
