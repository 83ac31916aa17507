import { getT } from '../../i18n/server.ts'
import { buttonClass } from '../../ui/button.tsx'
import { Wordmark } from '../../ui/logo.tsx'
import { SamplePost } from './sample-post.tsx'

// Plain links, no client components: this page needs no script.
export async function Landing() {
  const t = await getT('landing')
  const points = [
    [t('landing.point1Title'), t('landing.point1Text')],
    [t('landing.point2Title'), t('landing.point2Text')],
    [t('landing.point3Title'), t('landing.point3Text')],
  ]
  return (
    <div data-still className="halo flex min-h-dvh flex-col overflow-x-clip">
      <header className="page flex h-20 items-center justify-between">
        <Wordmark />
        <a href="/sign-in" className={buttonClass('outline', 'md')}>
          {t('common.signIn')}
        </a>
      </header>
      <main className="page grow">
        <div className="grid items-center gap-x-16 gap-y-14 pt-10 pb-20 sm:pt-16 lg:grid-cols-[1.15fr_1fr] lg:pt-24">
          <div>
            <p className="mb-5 text-sm font-semibold text-brand-text">{t('landing.kicker')}</p>
            <h1 className="display text-4xl">
              <span className="block">{t('landing.headlineLead')}</span>
              <span className="block">{t('landing.headlineRest')}</span>
              <span className="block text-brand-text">{t('landing.headlineBrand')}</span>
            </h1>
            <p className="mt-7 max-w-[46ch] text-lg text-pretty text-soft">{t('landing.lead')}</p>
            <div className="mt-9 flex flex-wrap gap-3">
              <a href="/onboarding" className={buttonClass('brand', 'lg')}>
                {t('landing.create')}
              </a>
              <a href="/home" className={buttonClass('outline', 'lg')}>
                {t('landing.explore')}
              </a>
            </div>
            <p className="mt-6 text-sm text-mute">
              <a className="underline underline-offset-4 hover:text-fg" href="/sign-in">
                {t('landing.signIn')}
              </a>
            </p>
          </div>
          <SamplePost />
        </div>
        <ul className="grid gap-x-12 gap-y-10 border-t py-14 md:grid-cols-3">
          {points.map(([title, text]) => (
            <li key={title}>
              <h2 className="text-lg">{title}</h2>
              <p className="mt-2 text-sm text-mute">{text}</p>
            </li>
          ))}
        </ul>
      </main>
      <footer className="page border-t py-8 text-sm text-mute">{t('landing.footer')}</footer>
    </div>
  )
}
