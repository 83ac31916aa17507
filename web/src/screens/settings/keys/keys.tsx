'use client'

import { useState } from 'react'
import { useSigningKeys } from '../../../state/queries/signing-keys.ts'
import { KeyList } from './key-list.tsx'
import { Policy } from './policy.tsx'

/** How many changes are looked at first, and how much further each time; homeservers give 65,535 at once. */
const FIRST_LOOK = 2000
const FURTHER = 8
const MOST = 64_000

/** Who signs for a person, and whether everything has to be signed. */
export function Keys({ user }: { user: string }) {
  const [most, setMost] = useState(FIRST_LOOK)
  const query = useSigningKeys(user, most)
  const { data } = query
  return (
    <div className="grid gap-4">
      <KeyList
        user={user}
        rules={data}
        most={most}
        error={query.error}
        isPaused={query.fetchStatus === 'paused'}
        isFetching={query.isFetching}
        onRetry={() => void query.refetch()}
        onFurther={most < MOST ? () => setMost((before) => Math.min(MOST, before * FURTHER)) : null}
      />
      {data?.keepsProofs ? <Policy user={user} sinceMs={data.requiredSinceMs} /> : null}
    </div>
  )
}
