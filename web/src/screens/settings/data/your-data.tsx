'use client'

import { CheckArchive } from './check-archive.tsx'
import { ExportArchive } from './export-archive.tsx'
import { Mirror } from './mirror.tsx'
import { MoveHome } from './move-home.tsx'
import { Stored } from './stored.tsx'

/** What is stored, and the ways to take it along. */
export function YourData({ user }: { user: string }) {
  return (
    <div className="grid gap-4">
      <Stored user={user} />
      <ExportArchive user={user} />
      <CheckArchive user={user} />
      <Mirror user={user} />
      <MoveHome user={user} />
    </div>
  )
}
