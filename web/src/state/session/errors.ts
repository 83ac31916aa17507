import type { MessageKey } from '../../i18n/types.ts'
import { KeyError } from '../../keys/index.ts'

const KNOWN: ReadonlySet<string> = new Set([
  'network',
  'timeout',
  'no_homeserver',
  'no_endpoint',
  'unresolvable',
  'user_exists',
  'token_required',
  'token_invalid',
  'invalid_public_key',
  'wrong_password',
  'invalid_phrase',
  'invalid_file',
  'no_key',
  'other_key',
  'elsewhere',
  'archive_invalid',
  'archive_incomplete',
  'no_sessions',
  'move_refused',
  'mirror_empty',
  'move_unconfirmed',
  'moving',
  'moved',
  'storage',
  'unauthorized',
  'forbidden',
  'signature_required',
  'signature_revoked',
  'too_large',
  'quota_exceeded',
  'rate_limited',
  'publish_failed',
  'invalid_key_object',
  'invalid',
])

function isMessageKey(code: string): code is 'network' {
  return KNOWN.has(code)
}

/** The text for a stable code, as errors of every part carry it. */
export function errorTextKey(code: string | null): MessageKey {
  return code !== null && isMessageKey(code) ? `errors.${code}` : 'errors.unknown'
}

/** The stable code of whatever was thrown, `unknown` when it has none. */
export function errorCode(error: unknown): string {
  if (error instanceof KeyError) return error.code
  if (error instanceof Error && error.name === 'SpecsError') return 'invalid'
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  if (error instanceof TypeError) return 'network'
  return 'unknown'
}

/** Which file it was about, where the error names one. */
export function errorPath(error: unknown): string | null {
  return error instanceof Error
    ? (/\/(?:pub|priv)\/[^\s)]+/.exec(error.message)?.[0] ?? null)
    : null
}
