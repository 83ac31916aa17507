import { useT } from '../i18n/client.tsx'
import { showToast } from '../ui/toast.tsx'

/** Copies a text and says so. */
export function useCopy(): (text: string) => void {
  const t = useT()
  return (text) => {
    navigator.clipboard.writeText(text).then(
      () => showToast('good', t('common.copied')),
      () => showToast('bad', t('errors.unknown')),
    )
  }
}
