import type { Metadata } from 'next'
import { getT } from '../../src/i18n/server.ts'
import { Landing } from '../../src/screens/landing/landing.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('landing')
  return { title: { absolute: t('landing.title') }, description: t('landing.lead') }
}

export default function LandingPage() {
  return <Landing />
}
