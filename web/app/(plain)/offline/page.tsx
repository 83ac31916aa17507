import { getT } from '../../../src/i18n/server.ts'
import { buttonClass } from '../../../src/ui/button.tsx'
import { Wordmark } from '../../../src/ui/logo.tsx'

export default async function OfflinePage() {
  const t = await getT()
  return (
    <div data-still className="halo min-h-dvh">
      <header className="page flex h-20 items-center">
        <Wordmark />
      </header>
      <main className="page max-w-2xl pt-20 text-center">
        <h1 className="display text-3xl">{t('common.offlineTitle')}</h1>
        <p className="mt-4 text-soft">{t('common.offlineText')}</p>
        <a href="/home" className={`${buttonClass('brand', 'lg')} mt-8`}>
          {t('common.retry')}
        </a>
      </main>
    </div>
  )
}
