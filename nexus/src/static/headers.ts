/** On every byte that strangers stored (design 7). */
export const STORED_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'cross-origin',
} as const

/** Types a browser may show in place; everything else is offered for download. */
export function isShownInline(contentType: string): boolean {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'image/svg+xml') return false
  return (
    /^(?:image|audio|video)\//.test(type) || type === 'application/json' || type === 'text/plain'
  )
}
