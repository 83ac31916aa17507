import { WifiOff } from 'lucide-react'
import { useT } from '../i18n/client.tsx'
import { EmptyState } from '../ui/states.tsx'

/** Nothing is known and nobody can be asked now; it loads by itself when somebody can. */
export function OfflineState() {
  const t = useT()
  return (
    <div role="status">
      <EmptyState icon={<WifiOff size={28} aria-hidden />} title={t('common.offlineTitle')}>
        {t('common.offlineText')}
      </EmptyState>
    </div>
  )
}
