import { type NextRequest, NextResponse } from 'next/server'
import { isLocale } from './src/i18n/types.ts'
import { contentSecurityPolicy } from './src/server/content-security-policy.ts'

/** Pages of the app, which browsers may keep for the person they were made for. */
const APP_PAGE =
  /^\/(?:home|post|profile|search|hot|bookmarks|drafts|settings|who-to-follow)(?:\/|$)/

const YEAR_SECONDS = 365 * 24 * 3600

/**
 * A page at 127.0.0.1 would not see the cookies and keys of localhost, so there is only one name.
 * Through a route, because a redirect from here would be made relative: to Next both are one origin.
 */
function toLocalhost(request: NextRequest): NextResponse | null {
  const [name] = (request.headers.get('host') ?? '').split(':')
  if (name !== '127.0.0.1') return null
  const route = new URL('/to-localhost', request.url)
  route.searchParams.set('path', request.nextUrl.pathname + request.nextUrl.search)
  return NextResponse.rewrite(route)
}

function nonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return btoa(String.fromCharCode(...bytes))
}

export function proxy(request: NextRequest): NextResponse {
  const canonical = toLocalhost(request)
  if (canonical) return canonical
  const { pathname, searchParams } = request.nextUrl
  if (pathname === '/' && request.cookies.has('viewer'))
    return NextResponse.redirect(new URL('/home', request.url), 307)

  const headers = new Headers(request.headers)
  const policy = contentSecurityPolicy(nonce())
  headers.set('content-security-policy', policy)
  headers.delete('x-locale')
  const asked = searchParams.get('lang')
  if (isLocale(asked)) headers.set('x-locale', asked)

  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  if (APP_PAGE.test(pathname))
    response.headers.set('pubky-page-for', request.cookies.get('viewer')?.value || 'guest')
  response.headers.set('referrer-policy', 'no-referrer')
  response.headers.set('x-content-type-options', 'nosniff')
  response.headers.set('cross-origin-opener-policy', 'same-origin')
  response.headers.set(
    'permissions-policy',
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()',
  )
  if (isLocale(asked))
    response.cookies.set('locale', asked, { path: '/', sameSite: 'lax', maxAge: YEAR_SECONDS })
  return response
}

export const config = {
  matcher: [
    {
      source:
        '/((?!_next/static|_next/image|favicon.ico|icon.svg|icon-|apple-icon|sw.js|manifest.webmanifest).*)',
      missing: [{ type: 'header', key: 'next-router-prefetch' }],
    },
  ],
}
