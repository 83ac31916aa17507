'use client'

import type { ReactNode } from 'react'
import type { RuntimeConfig } from '../../state/config.ts'
import { ConfigContext } from '../../state/services.ts'
import { Toaster } from '../../ui/toast.tsx'

/** What the pages before the app need. */
export function EnterProviders({
  config,
  children,
}: {
  config: RuntimeConfig
  children: ReactNode
}) {
  return (
    <ConfigContext value={config}>
      {children}
      <Toaster />
    </ConfigContext>
  )
}
