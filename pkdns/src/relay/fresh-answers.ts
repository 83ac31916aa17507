import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { isKnownKey } from '@pubky/protocol/real-key'
import { answerFirst } from '@pubky/server-kit'
import { corsHeaders } from './cors.ts'
import type { KeptPacket } from './packet-store.ts'
import { type Allowance, clientAddress } from './quota.ts'
import { PAYLOAD_TYPE, packetHeaders, sentFormOf, wantsPage } from './sent-form.ts'

const PATH_CHARACTERS = 53
const POLICY = '?policy=CacheFirst'

export interface FreshContext {
  /** The packet of a key when it is in memory and fresh. */
  fresh: (key: PublicKeyZ32) => KeptPacket | null
  requests: { take: (address: string) => Allowance }
  behindProxy: boolean
  ttl: { min: number; max: number }
}

interface Ready {
  headers: string[]
  /** One character a byte: with the head it is one write instead of several. */
  body: string
}

/**
 * Answers what is asked most, a fresh packet in memory, before the router sees it. The same as the
 * route answers; whatever is not quite so plain is left to it: pages, conditions, other policies and
 * spellings, refusals.
 */
export function answerFreshFirst(server: Server, ctx: FreshContext): void {
  const ready = new WeakMap<KeptPacket, Ready>()

  function readyOf(kept: KeptPacket): Ready {
    const known = ready.get(kept)
    if (known) return known
    const { payload } = sentFormOf(kept.packet)
    const headers = {
      ...packetHeaders(kept, ctx.ttl),
      'content-type': PAYLOAD_TYPE,
      'content-length': String(payload.length),
    }
    const made = { headers: Object.entries(headers).flat(), body: payload.toString('latin1') }
    ready.set(kept, made)
    return made
  }

  function answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { headers } = request
    if (headers['if-modified-since'] !== undefined || wantsPage(headers.accept)) return false
    const key = keyOf(request.url ?? '')
    const kept = key && ctx.fresh(key)
    if (!kept) return false
    const allowance = allowanceOf(request)
    if (!allowance) return false
    const { headers: own, body } = readyOf(kept)
    response.writeHead(200, [
      ...corsHeaders(headers.origin),
      'x-ratelimit-limit',
      String(allowance.limit),
      'x-ratelimit-remaining',
      String(allowance.remaining),
      ...own,
    ])
    response.end(body, 'latin1')
    return true
  }

  /** Null when there is none: the route refuses. */
  function allowanceOf(request: IncomingMessage): Allowance | null {
    try {
      return ctx.requests.take(clientAddress(request, ctx.behindProxy))
    } catch {
      return null
    }
  }

  answerFirst(server, answer)
}

/** The key that is all of a path; only keys that have been checked before are in memory. */
function keyOf(url: string): PublicKeyZ32 | null {
  const isPlain = url.length === PATH_CHARACTERS
  if (!isPlain && !(url.length === PATH_CHARACTERS + POLICY.length && url.endsWith(POLICY)))
    return null
  const text = url.slice(1, PATH_CHARACTERS)
  return isKnownKey(text) ? (text as PublicKeyZ32) : null
}
