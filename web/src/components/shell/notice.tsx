import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useT } from '../../i18n/client.tsx'
import { IconButton } from '../../ui/button.tsx'

/** Where notices lie: above the page, so that nothing one reads is moved, and beside the round button. */
export function Notices({ children }: { children: ReactNode }) {
  return (
    <div className="pointer-events-none fixed start-3 end-22 bottom-20 z-30 sm:end-auto sm:w-88 lg:start-auto lg:end-6 lg:bottom-6">
      {children}
    </div>
  )
}

interface NoticeProps {
  icon: ReactNode
  action?: ReactNode
  onDismiss?: () => void
  children: ReactNode
}

export function Notice({ icon, action, onDismiss, children }: NoticeProps) {
  const t = useT()
  return (
    <div className="card pointer-events-auto mt-2 flex animate-rise items-start gap-3 rounded-lg py-3 ps-4 pe-2 text-sm shadow-pop">
      <span className="mt-0.5 shrink-0 text-brand-text">{icon}</span>
      <div className="min-w-0 grow pe-2">
        {children}
        {action}
      </div>
      {onDismiss ? (
        <IconButton label={t('common.dismiss')} onClick={onDismiss} className="-mt-1.5 size-8">
          <X size={16} aria-hidden />
        </IconButton>
      ) : null}
    </div>
  )
}
