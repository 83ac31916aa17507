'use client'

import { Sparkles } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { Button } from '../../ui/button.tsx'
import { Notice } from './notice.tsx'

interface NewVersionProps {
  onReload: () => void
  onDismiss: () => void
}

/** The app was changed while this page was open. */
export function NewVersion({ onReload, onDismiss }: NewVersionProps) {
  const t = useT()
  return (
    <Notice
      icon={<Sparkles size={18} aria-hidden />}
      action={
        <Button size="sm" className="mt-2" onClick={onReload}>
          {t('common.reload')}
        </Button>
      }
      onDismiss={onDismiss}
    >
      {t('common.newVersion')}
    </Notice>
  )
}
