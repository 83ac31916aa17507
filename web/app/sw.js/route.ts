import { serviceWorker, type WorkerOptions } from '../../src/offline/service-worker.ts'
import { serverConfig } from '../../src/server/config.ts'

export const dynamic = 'force-dynamic'

export function GET(): Response {
  const options: WorkerOptions = {
    version: process.env.WEB_VERSION ?? '',
    offlinePage: '/offline',
    shell: ['/icon.svg', '/icon-192.png'],
  }
  const local = serverConfig().network === 'local' ? ' http://localhost:*' : ''
  return new Response(`(${serviceWorker.toString()})(self, ${JSON.stringify(options)})`, {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': `default-src 'none'; connect-src 'self' https:${local}`,
      'x-content-type-options': 'nosniff',
    },
  })
}
