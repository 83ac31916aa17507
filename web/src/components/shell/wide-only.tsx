'use client'

import { type ReactNode, useSyncExternalStore } from 'react'

/** From here on the last column has room: `xl` of the styles. */
const WIDE = '(min-width: 80rem)'

function subscribe(onChange: () => void): () => void {
  const query = matchMedia(WIDE)
  query.addEventListener('change', onChange)
  return () => query.removeEventListener('change', onChange)
}

/** What only wide windows show. Elsewhere it is not made at all, so that a phone neither loads nor runs it. */
export function WideOnly({ children }: { children: ReactNode }) {
  const isWide = useSyncExternalStore(
    subscribe,
    () => matchMedia(WIDE).matches,
    // The server does not know; what stands beside the content comes in a moment later.
    () => false,
  )
  return isWide ? children : null
}
