import { Unlink } from 'lucide-react'
import { getT } from '../../src/i18n/server.ts'
import { buttonClass } from '../../src/ui/button.tsx'
import { EmptyState } from '../../src/ui/states.tsx'

/** Within the frame of the app, which has the logo and the ways on. */
export default async function NotFound() {
  const t = await getT()
  return (
    <main className="mx-auto max-w-2xl pt-10">
      <EmptyState
        icon={<Unlink size={28} aria-hidden />}
        title={t('common.notFoundTitle')}
        action={
          <a href="/home" className={buttonClass('brand', 'md')}>
            {t('common.goHome')}
          </a>
        }
      >
        {t('common.notFoundText')}
      </EmptyState>
    </main>
  )
}
