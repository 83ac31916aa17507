'use client'

import { useT } from '../i18n/client.tsx'
import { buttonClass } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

export function JoinDialog({ onClose }: { onClose: () => void }) {
  const t = useT()
  return (
    <Dialog open onClose={onClose} title={t('common.joinTitle')} description={t('common.joinText')}>
      <div className="mt-2 flex flex-wrap gap-2">
        <a href="/onboarding" className={buttonClass('brand')}>
          {t('common.join')}
        </a>
        <a href="/sign-in" className={buttonClass('outline')}>
          {t('common.signIn')}
        </a>
      </div>
    </Dialog>
  )
}
