import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { answerFirst } from '@pubky/server-kit'
import type { Context } from '../context.ts'
import { corsHead } from './cors.ts'
import { wholeHead } from './storage-read.ts'

/** Public files by owner and path, spelled as they are stored: nothing to decode, no query. */
const PLAIN = /^\/storage\/([a-z0-9]{52})(\/pub\/[\w\-.~!$&'()*+,;=:@/]+)$/

/** What makes an answer something else than the whole file. */
const CONDITIONS = [
  ...['range', 'if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since'],
  ...['content-length', 'transfer-encoding', 'expect'],
]

/**
 * Answers what is asked most, a public file that this process knows to be current, before the router sees it. The
 * same as the route answers; whatever is not quite so plain is left to it.
 */
export function answerKnownFiles(server: Server, ctx: Context): void {
  function answer({ url = '', headers }: IncomingMessage, response: ServerResponse): boolean {
    const [, owner, path] = PLAIN.exec(url) ?? []
    if (owner === undefined || path === undefined) return false
    if (CONDITIONS.some((name) => name in headers)) return false
    if (ctx.limits.anySpeeds || ctx.limits.concern('GET', path)) return false
    const target = { owner: owner as PublicKeyZ32, path: path as StoragePath, byPath: true }
    const entry = ctx.entries.known(target.owner, target.path)
    if (!entry?.inline) return false
    ctx.metrics.storageRequest({ headers, originalUrl: url }, target)
    ctx.metrics.answer('GET', 200)
    response.writeHead(200, [...corsHead(headers.origin), ...wholeHead(target, entry)])
    response.end(entry.inline)
    return true
  }

  answerFirst(server, answer)
}
