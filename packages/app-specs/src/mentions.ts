import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { isPublicKey } from '@pubky/protocol/keys'

const CANDIDATE = /(?:pk:|pubky)(?=([ybndrfg8ejkmcpqxot1uwisza345h769]{52}))/g

/** The people a text names as `pubky<key>` or `pk:<key>`, each once, in order (spec/nexus.md 2.9). */
export function mentionsIn(content: string): PublicKeyZ32[] {
  const found = new Set<PublicKeyZ32>()
  for (const [, key = ''] of content.matchAll(CANDIDATE)) if (isPublicKey(key)) found.add(key)
  return [...found]
}
