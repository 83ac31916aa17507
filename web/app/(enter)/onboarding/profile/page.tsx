import type { Metadata } from 'next'
import { getT } from '../../../../src/i18n/server.ts'
import { ProfileStep } from '../../../../src/screens/onboarding/profile-step.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('onboarding')
  return { title: t('onboarding.title'), robots: { index: false } }
}

export default function Page() {
  return <ProfileStep />
}
