import { OCTET_STREAM, typeByName } from './extensions.ts'
import { sniff } from './sniff.ts'

/** By the first bytes where they tell, else by the extension (spec/homeserver.md 5.2). */
export function contentTypeOf(path: string, first: Uint8Array): string {
  return sniff(first) ?? typeByName(path) ?? OCTET_STREAM
}

/** Types a browser may show in place; everything else is offered for download (design 7). */
export function isShownInline(type: string): boolean {
  if (type === 'image/svg+xml') return false
  return (
    /^(?:image|audio|video)\//.test(type) || type === 'application/json' || type === 'text/plain'
  )
}
