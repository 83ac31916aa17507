import { ServiceError } from '@pubky/server-kit'

/** Every refusal of the relay: status and text by code (spec/satellites.md 1.1, 1.2). */
export const HTTP_RELAY_ERRORS = {
  invalid_id: [400, 'Invalid ID'],
  inbox_id_too_long: [400, 'Inbox ID too long'],
  channel_id_too_long: [400, 'Channel ID too long'],
  content_type_too_long: [400, 'Content type too long'],
  unknown_route: [404, 'Not found'],
  no_message: [404, 'Not found'],
  message_gone: [404, 'Entry expired'],
  method_not_allowed: [405, 'Method not allowed'],
  timed_out: [408, 'Request timed out'],
  body_too_large: [413, 'Body too large'],
  too_many_requests: [429, 'Too many requests'],
  too_many_waiting_here: [429, 'Too many waiting requests'],
  store_failed: [500, 'Failed to store message'],
  too_many_waiting: [503, 'Too many concurrent requests'],
  at_capacity: [503, 'Server at capacity'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type HttpRelayErrorCode = keyof typeof HTTP_RELAY_ERRORS

export function relayError(
  code: HttpRelayErrorCode,
  o: { cause?: unknown; headers?: Record<string, string> } = {},
): ServiceError {
  const [status, message] = HTTP_RELAY_ERRORS[code]
  const logLevel = code === 'store_failed' ? 'error' : 'debug'
  return new ServiceError(status, code, message, { ...o, logLevel })
}
