import type { Metadata } from 'next'
import { getT } from '../../../src/i18n/server.ts'
import { buttonClass } from '../../../src/ui/button.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT()
  return { title: t('common.signedOutTitle'), robots: { index: false } }
}

interface LogoutPageProps {
  searchParams: Promise<{ told?: string }>
}

export default async function LogoutPage({ searchParams }: LogoutPageProps) {
  const t = await getT()
  const { told } = await searchParams
  return (
    <div className="mx-auto max-w-xl pt-16 text-center">
      <h1 className="display text-3xl">{t('common.signedOutTitle')}</h1>
      <p className="mt-5 text-lg text-soft">{t('common.signedOutText')}</p>
      {told === 'no' ? (
        <p className="mt-3 text-sm text-warn">{t('common.signedOutLocally')}</p>
      ) : null}
      <div className="mt-10 flex flex-wrap justify-center gap-3">
        <a href="/sign-in" className={buttonClass('brand', 'lg')}>
          {t('common.signIn')}
        </a>
        <a href="/home" className={buttonClass('outline', 'lg')}>
          {t('common.goHome')}
        </a>
      </div>
    </div>
  )
}
