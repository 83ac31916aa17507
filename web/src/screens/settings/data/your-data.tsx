'use client'

import { useEffect } from 'react'
import { CheckArchive } from './check-archive.tsx'
import { ExportArchive } from './export-archive.tsx'
import { Mirror } from './mirror.tsx'
import { MoveHome } from './move-home.tsx'
import { Stored } from './stored.tsx'
import { Unsent } from './unsent.tsx'

/** What is stored, and the ways to take it along. */
export function YourData({ user }: { user: string }) {
  useEffect(() => {
    // What an address names is not there yet when the browser looks for it.
    const { hash } = location
    if (hash) document.getElementById(hash.slice(1))?.scrollIntoView()
  }, [])
  return (
    <div className="grid gap-4">
      <Unsent />
      <Stored user={user} />
      <ExportArchive user={user} />
      <CheckArchive user={user} />
      <Mirror user={user} />
      <MoveHome user={user} />
    </div>
  )
}
