'use client'

import { Suspense, useEffect, useState } from 'react'
import { useViewer, useViewerSession } from '../../state/session/viewer.tsx'
import { part } from '../../ui/part.ts'

const Standstill = part(() => import('./standstill.tsx').then((m) => m.Standstill))

/** What stands still is looked for when the page has settled; an ended session is told at once. */
const AFTER_MS = 2000

export function StandstillLoader() {
  const { id: viewer } = useViewer()
  const { ended } = useViewerSession()
  const [isDue, setDue] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), AFTER_MS)
    return () => clearTimeout(timer)
  }, [])
  if (viewer === null || !(isDue || ended)) return null
  return (
    <Suspense>
      <Standstill user={viewer} />
    </Suspense>
  )
}
