import type { NextRequest } from 'next/server'

/** Sends a browser from http://127.0.0.1:port to the same page at http://localhost:port. */
export function GET(request: NextRequest): Response {
  const port = request.headers.get('host')?.split(':')[1]
  const asked = request.nextUrl.searchParams.get('path') ?? '/'
  const to = new URL('http://localhost')
  if (port && /^\d+$/.test(port)) to.port = port
  const [path = '/', query = ''] = asked.split(/\?(.*)/s)
  to.pathname = path
  to.search = query
  return new Response(null, { status: 307, headers: { Location: to.href } })
}
