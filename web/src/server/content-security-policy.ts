import { serverConfig } from './config.ts'

const DEVELOPMENT = process.env.NODE_ENV === 'development'

/** The policy of a page: scripts by nonce, data from any https host (design 7). */
export function contentSecurityPolicy(nonce: string): string {
  const { network } = serverConfig()
  const local = network === 'local' ? ' http://localhost:*' : ''
  const development = DEVELOPMENT ? " 'unsafe-eval'" : ''
  return [
    "default-src 'none'",
    // WebAssembly hashes what is written and verified; it opens no way to run strings as scripts.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic' 'wasm-unsafe-eval'${development}`,
    // React writes style attributes; style elements come from this origin only.
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' blob: data: https:${local}`,
    `media-src 'self' blob: https:${local}`,
    "font-src 'self'",
    `connect-src 'self' https:${local}${DEVELOPMENT ? ' ws:' : ''}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    'frame-src https://www.youtube-nocookie.com https://player.vimeo.com',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ')
}
