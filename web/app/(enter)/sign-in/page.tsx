import type { Metadata } from 'next'
import { getT } from '../../../src/i18n/server.ts'
import { SignIn } from '../../../src/screens/sign-in/sign-in.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getT('signIn')
  return { title: t('signIn.title') }
}

export default function SignInPage() {
  return <SignIn />
}
