import { DhtError } from '@pubky/dht'
import { ServiceError } from '@pubky/server-kit'

/** Every refusal of the relay: status and text by code (spec/discovery.md 2.2, 2.3). */
export const RELAY_ERRORS = {
  invalid_key: [400, 'The path is no public key.'],
  invalid_packet: [400, 'The body is no signed packet of this key.'],
  invalid_policy: [400, 'The policy is CacheOnly, CacheFirst or NetworkOnly.'],
  not_found: [404, ''],
  invalid_signed_packet: [404, 'The newest item of this key is no packet.'],
  method_not_allowed: [405, 'Only GET, HEAD and PUT are allowed here.'],
  not_most_recent: [409, 'There is a more recent packet.'],
  cas_failed: [412, 'The packet to be replaced is another one.'],
  conflict_risk: [428, 'Another packet of this key is being published; send If-Match.'],
  dht_failed: [500, 'No DHT node stored the packet.'],
  dht_unavailable: [503, 'No DHT node answered.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

/** Every refusal of DNS over HTTPS; refusals within DNS are its response codes. */
export const DOH_ERRORS = {
  doh_accept: [400, 'PKDNS speaks application/dns-message here: set the header Accept.'],
  doh_message_invalid: [400, 'There is no DNS message in this request.'],
  doh_question_invalid: [400, 'Ask with ?name=NAME and, if you like, &type=TYPE.'],
  doh_refused: [429, 'Too many questions, or one that is not answered here.'],
  doh_failed: [500, 'The question could not be answered.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type RelayErrorCode = keyof typeof RELAY_ERRORS

export function relayError(
  code: RelayErrorCode,
  o: { cause?: unknown; headers?: Record<string, string> } = {},
): ServiceError {
  const [status, message] = RELAY_ERRORS[code]
  // The relay cannot help a DHT that is away; it is told at a level that wakes nobody.
  return new ServiceError(status, code, message, {
    ...o,
    logLevel: status >= 500 ? 'warn' : 'debug',
  })
}

/** For a DHT node that has too much to do, which is as good as none. */
export function orUnavailable(error: unknown): never {
  const isBusy = error instanceof DhtError && error.code === 'dht_busy'
  throw isBusy ? relayError('dht_unavailable', { cause: error }) : error
}

export function dnsError(code: keyof typeof DOH_ERRORS, cause?: unknown): ServiceError {
  const [status, message] = DOH_ERRORS[code]
  return new ServiceError(status, code, message, { cause, logLevel: 'debug' })
}

/** Every refusal of zone files and of the publisher. */
export const ZONE_ERRORS = {
  zone_syntax: 'The zone file cannot be read',
  zone_too_large: 'The zone does not fit one packet',
  external_ip_unknown: 'No service told the address of this machine',
  seed_invalid: 'A seed is 64 hexadecimal digits or 52 characters of z-base-32',
  usage: 'This is not how the command is called',
} as const

export class ZoneError extends Error {
  override readonly name = 'ZoneError'
  readonly code: keyof typeof ZONE_ERRORS

  constructor(code: keyof typeof ZONE_ERRORS, detail?: string, cause?: unknown) {
    super(detail ? `${ZONE_ERRORS[code]}: ${detail}.` : `${ZONE_ERRORS[code]}.`, { cause })
    this.code = code
  }
}

export function zoneError(
  code: keyof typeof ZONE_ERRORS,
  detail?: string,
  cause?: unknown,
): ZoneError {
  return new ZoneError(code, detail, cause)
}
