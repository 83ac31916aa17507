import 'server-only'
import { headers } from 'next/headers'

/** What an inline script of this page must carry. */
export async function nonceOfRequest(): Promise<string | undefined> {
  const policy = (await headers()).get('content-security-policy') ?? ''
  return /'nonce-([^']+)'/.exec(policy)?.[1]
}
