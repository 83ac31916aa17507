import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply } from 'fastify'

const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'main.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
}

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

/** Beside the bundle of the server, or where the build puts it. */
const PLACES = [
  join(import.meta.dirname, 'homeserver-admin'),
  join(import.meta.dirname, '../../../dist/homeserver-admin'),
]

/** The files of the page, from the build; null when it was not built. */
function readPage(): Map<string, Buffer> | null {
  const dir = PLACES.find((place) => existsSync(join(place, 'main.js')))
  if (dir === undefined) return null
  return new Map(Object.keys(TYPES).map((name) => [name, readFileSync(join(dir, name))]))
}

/**
 * The page of the operator. Browsers get it at `/`, where programs get the greeting of the API
 * (spec/homeserver.md 7). It holds nothing secret: what it shows it asks for with the password.
 */
export function pageRoutes(app: FastifyInstance): void {
  const files = readPage()

  function send(reply: FastifyReply, name: string): FastifyReply {
    return reply
      .headers(HEADERS)
      .type(TYPES[name] ?? '')
      .send(files?.get(name))
  }

  app.get('/', async ({ headers }, reply) => {
    const isBrowser = /\btext\/html\b/.test(headers.accept ?? '')
    if (files && isBrowser) return send(reply, 'index.html')
    return reply.type('text/plain').send('Homeserver - Admin Endpoint')
  })
  if (!files) return
  for (const name of files.keys()) app.get(`/page/${name}`, async (_, reply) => send(reply, name))
}
