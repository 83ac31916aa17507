'use client'

import { Sparkles } from 'lucide-react'
import { useT } from '../../i18n/client.tsx'
import { Button } from '../../ui/button.tsx'
import { Banner } from './banner.tsx'

/** The app was changed while this page was open. */
export function NewVersion({ onReload }: { onReload: () => void }) {
  const t = useT()
  return (
    <div aria-live="polite">
      <Banner
        icon={<Sparkles size={18} aria-hidden />}
        action={
          <Button size="sm" onClick={onReload}>
            {t('common.reload')}
          </Button>
        }
      >
        {t('common.newVersion')}
      </Banner>
    </div>
  )
}
