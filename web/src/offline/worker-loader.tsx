'use client'

import { Suspense, useEffect, useState } from 'react'
import { useViewer } from '../state/session/viewer.tsx'
import { part } from '../ui/part.ts'

const NewVersion = part(() =>
  import('../components/shell/new-version.tsx').then((m) => m.NewVersion),
)

const AFTER_MS = 3000

/** Starts the service worker when everything else is done, and offers newer versions of the app. */
export function WorkerLoader() {
  const { id: viewer } = useViewer()
  const [activate, setActivate] = useState<(() => void) | null>(null)

  useEffect(() => {
    if (process.env.NODE_ENV !== 'production' || !('serviceWorker' in navigator)) return
    let stop: (() => void) | null = null
    let over = false
    const timer = setTimeout(async () => {
      try {
        const { notePerson, registerWorker } = await import('./register.ts')
        await notePerson(viewer ?? 'guest')
        const stopping = await registerWorker((run) => setActivate(() => run))
        if (over) stopping()
        else stop = stopping
      } catch {
        // Private windows and strict settings forbid it; the app works without.
      }
    }, AFTER_MS)
    return () => {
      over = true
      clearTimeout(timer)
      stop?.()
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
