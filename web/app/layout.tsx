import type { Metadata, Viewport } from 'next'
import localFont from 'next/font/local'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { InlineStyles } from '../src/build/inline-styles.tsx'
import { getLocale, getT } from '../src/i18n/server.ts'
import { direction } from '../src/i18n/types.ts'
import { publicOrigin } from '../src/server/config.ts'
import './globals.css'

const inter = localFont({
  src: '../../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
  weight: '100 900',
  // Text is painted before the font may be there, and must not move when it comes.
  display: 'optional',
  variable: '--font-inter',
})

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT()
  return {
    metadataBase: new URL(publicOrigin()),
    title: { default: t('common.appName'), template: `%s · ${t('common.appName')}` },
    description: t('common.tagline'),
    openGraph: { siteName: t('common.appName'), type: 'website', description: t('common.tagline') },
    twitter: { card: 'summary' },
    appleWebApp: { title: t('common.appName'), statusBarStyle: 'black-translucent' },
  }
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  themeColor: '#08080e',
}

const THEMES = ['dark', 'light', 'system']
const SIZES = ['87.5', '100', '112.5', '125', '137.5']

export default async function RootLayout({ children }: { children: ReactNode }) {
  const locale = await getLocale()
  const jar = await cookies()
  const theme = THEMES.find((name) => name === jar.get('theme')?.value) ?? 'dark'
  const size = SIZES.find((name) => name === jar.get('text-size')?.value)
  return (
    <html
      lang={locale}
      dir={direction(locale)}
      data-theme={theme}
      className={inter.variable}
      style={size ? { ['--text-size' as string]: `${size}%` } : undefined}
    >
      <body>
        <InlineStyles />
        {children}
      </body>
    </html>
  )
}
