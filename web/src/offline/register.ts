import { PART_MISSING } from '../ui/part.ts'

// Loaded some time after the page has come to life.

const LOOK_EVERY_MS = 3600_000
const PERSON = 'pubky-person'

/**
 * Registers the service worker. `onNewer` gets what brings the newer version up, once it waits.
 * Returns how to stop listening.
 */
export async function registerWorker(onNewer: (activate: () => void) => void): Promise<() => void> {
  const { serviceWorker } = navigator
  const registration = await serviceWorker.register('/sw.js', { updateViaCache: 'none' })
  const hadOne = serviceWorker.controller !== null

  function announce(): void {
    const { waiting } = registration
    if (!waiting || !hadOne) return
    onNewer(() => {
      // Another tab has activated it: nothing more is going to change here.
      if (waiting.state !== 'installed') return location.reload()
      serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
      waiting.postMessage('activate')
    })
  }

  function onFound(): void {
    const { installing } = registration
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed') announce()
    })
  }

  const look = () => {
    // Offline, or the server is away.
    if (document.visibilityState === 'visible') registration.update().catch(() => {})
  }
  registration.addEventListener('updatefound', onFound)
  document.addEventListener('visibilitychange', look)
  const timer = setInterval(look, LOOK_EVERY_MS)
  announce()
  return () => {
    registration.removeEventListener('updatefound', onFound)
    document.removeEventListener('visibilitychange', look)
    clearInterval(timer)
  }
}

/**
 * Tells when parts of this page are gone: the server has a newer build, and nothing of the older one is kept since
 * another tab has changed to it. A server that is away is no newer build. Returns how to stop listening.
 */
export function watchParts(onNewer: (activate: () => void) => void): () => void {
  const stop = () => removeEventListener(PART_MISSING, look)
  async function look() {
    const answer = await fetch('/sw.js', { method: 'HEAD', cache: 'no-store' }).catch(() => null)
    if (!answer?.ok) return
    stop()
    onNewer(() => location.reload())
  }
  addEventListener(PART_MISSING, look)
  return stop
}

/** Whose pages may be shown without a connection. */
export async function notePerson(person: string): Promise<void> {
  await (await caches.open(PERSON)).put('/person', new Response(person))
}

/** Pages, pictures and the note of a person leave this browser. */
export async function forgetPages(): Promise<void> {
  const names = await caches.keys()
  const theirs = names.filter((name) => /^pubky-(?:pages-|media|person)/.test(name))
  await Promise.all(theirs.map((name) => caches.delete(name)))
}
