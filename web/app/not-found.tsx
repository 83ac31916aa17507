import { getT } from '../src/i18n/server.ts'
import { buttonClass } from '../src/ui/button.tsx'
import { Wordmark } from '../src/ui/logo.tsx'

export default async function NotFound() {
  const t = await getT()
  return (
    <div className="halo min-h-dvh">
      <header className="page flex h-20 items-center">
        <a href="/" aria-label={t('common.appName')}>
          <Wordmark />
        </a>
      </header>
      <main className="page max-w-2xl pt-20 text-center">
        <p className="display text-4xl text-brand-text">404</p>
        <h1 className="display mt-4 text-2xl">{t('common.notFoundTitle')}</h1>
        <p className="mt-4 text-soft">{t('common.notFoundText')}</p>
        <a href="/home" className={`${buttonClass('brand', 'lg')} mt-8`}>
          {t('common.goHome')}
        </a>
      </main>
    </div>
  )
}
