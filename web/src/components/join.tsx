'use client'

import { createContext, type ReactNode, Suspense, use, useCallback, useState } from 'react'
import { part } from '../ui/part.ts'

const JoinDialog = part(() => import('./join-dialog.tsx').then((m) => m.JoinDialog))

const JoinContext = createContext<() => void>(() => {})

/** Offers a guest who tries to act an account. */
export function JoinProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false)
  const ask = useCallback(() => setOpen(true), [])
  return (
    <JoinContext value={ask}>
      {children}
      {open ? (
        <Suspense>
          <JoinDialog onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </JoinContext>
  )
}

/** Opens the dialog "create account or sign in". */
export function useJoin(): () => void {
  return use(JoinContext)
}
