'use client'

import { Suspense, useEffect, useState } from 'react'
import { useViewer } from '../state/session/viewer.tsx'
import { part } from '../ui/part.ts'

const loadNotice = () => import('../components/shell/new-version.tsx').then((m) => m.NewVersion)
const NewVersion = part(loadNotice)

const AFTER_MS = 3000

/** Starts the service worker when everything else is done, and offers newer versions of the app. */
export function WorkerLoader() {
  const { id: viewer } = useViewer()
  const [activate, setActivate] = useState<(() => void) | null>(null)

  useEffect(() => {
    if (process.env.NODE_ENV !== 'production' || !('serviceWorker' in navigator)) return
    const stops: (() => void)[] = []
    let over = false
    const timer = setTimeout(async () => {
      try {
        const { notePerson, registerWorker, watchParts } = await import('./register.ts')
        if (over) return
        const offer = (run: () => void) => setActivate(() => run)
        stops.push(watchParts(offer))
        // The notice must not be among what is gone.
        void loadNotice().catch(() => {})
        await notePerson(viewer ?? 'guest')
        const stop = await registerWorker(offer)
        if (over) stop()
        else stops.push(stop)
      } catch {
        // Private windows and strict settings forbid it; the app works without.
      }
    }, AFTER_MS)
    return () => {
      over = true
      clearTimeout(timer)
      for (const stop of stops) stop()
    }
  }, [viewer])

  return (
    <div role="status">
      <Suspense>
        {activate ? <NewVersion onReload={activate} onDismiss={() => setActivate(null)} /> : null}
      </Suspense>
    </div>
  )
}
