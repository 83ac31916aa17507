import type { PublicKeyZ32 } from '@pubky/protocol'
import { ServiceError } from '@pubky/server-kit'

const MAX_RETRY_SECONDS = 15

/** Refusals about accounts that move (docs/moving-house.md). */
export const movingRefusals = {
  /** Most moves are over long before the account would thaw by itself. */
  moving: (thawsInSeconds: number) =>
    new ServiceError(409, 'moving', 'The account is being moved; writes wait', {
      headers: { 'retry-after': String(Math.min(MAX_RETRY_SECONDS, Math.max(1, thawsInSeconds))) },
    }),
  moved: (to: PublicKeyZ32) =>
    new ServiceError(409, 'moved', `The account has moved to ${to}`, {
      headers: { 'pubky-moved-to': to },
    }),
  statement: (text: string) => new ServiceError(400, 'invalid_move_statement', text),
  notFresh: (serverMicros: bigint) =>
    new ServiceError(
      403,
      'signature_not_fresh',
      JSON.stringify({ server_time: Number(serverMicros) }),
      { headers: { 'content-type': 'application/json' } },
    ),
  notNewer: (highest: bigint) =>
    new ServiceError(409, 'statement_not_newer', JSON.stringify({ timestamp: Number(highest) }), {
      headers: { 'content-type': 'application/json' },
    }),
  importHeader: (text: string) => new ServiceError(400, 'invalid_import', `Not an import: ${text}`),
  importRefused: (text: string) => new ServiceError(403, 'import_refused', text),
}
