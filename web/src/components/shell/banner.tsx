import type { ReactNode } from 'react'
import { cx } from '../../ui/cx.ts'

interface BannerProps {
  icon: ReactNode
  urgent?: boolean
  action?: ReactNode
  children: ReactNode
}

/** A notice across the page, below the header. */
export function Banner({ icon, urgent, action, children }: BannerProps) {
  return (
    <div className={cx('border-b', urgent ? 'bg-danger-veil' : 'bg-brand-veil')}>
      <div className="page flex min-h-12 flex-wrap items-center gap-x-3 gap-y-2 py-2 text-sm font-medium">
        <span className={urgent ? 'text-danger' : 'text-brand-text'}>{icon}</span>
        <span className="min-w-0 grow basis-40">{children}</span>
        {action}
      </div>
    </div>
  )
}
