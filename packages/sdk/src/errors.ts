/** Every way a call of the SDK can fail. The codes are stable. */
export const SDK_ERRORS = {
  network: 'The server could not be reached, or the connection broke.',
  timeout: 'The server did not answer in time.',
  unresolvable: 'No relay and no DHT node could be asked about the key.',
  invalid_record: 'The newest record of the key is not valid.',
  no_homeserver: 'The key has no homeserver in its record.',
  no_endpoint: 'The homeserver has no address in its record.',
  bad_answer: 'The server answered something that does not parse.',
  bad_option: 'The settings cannot be used.',
  bad_address: 'The address is not of the form pubky://<key>/pub/…',
  bad_request: 'The server refused the request as malformed.',
  unauthorized: 'The session has ended or was never opened.',
  forbidden: 'The session is not allowed to do this.',
  not_found: 'There is no such thing.',
  conflict: 'The request collides with what is stored.',
  path_collision: 'A file and a folder cannot have the same name.',
  already_exists: 'Another object is stored under this name.',
  user_exists: 'This key already has an account here.',
  token_required: 'This homeserver asks for a sign-up token.',
  token_invalid: 'The sign-up token is unknown, malformed or used.',
  signature_required: 'This path is only written with an object proof.',
  signature_invalid: 'The object proof does not fit the request.',
  signature_not_fresh: 'The object proof is too far from the clock of the server.',
  signature_superseded: 'A newer object proof was accepted for this path.',
  signature_revoked: 'The key of the object proof was revoked.',
  moving: 'The account is being moved; writes wait.',
  moved: 'The account has moved to another homeserver.',
  too_large: 'The body is larger than allowed.',
  quota_exceeded: 'The disk space of the account is used up.',
  rate_limited: 'Too many requests; try again later.',
  server: 'The server failed.',
  grant_invalid: 'The grant does not verify, has ended, or is not for this key.',
  not_exportable: 'The key of this session cannot leave the place where it lies.',
  bad_credential: 'The stored credential does not parse.',
  publish_failed: 'The record could not be published.',
  publish_conflict: 'A newer record was published in the meantime.',
  stream_overrun: 'The event stream sent a frame that is too long.',
  cursor_backwards: 'The event feed went backwards.',
  archive_invalid: 'The file is no archive, or was damaged or changed.',
  archive_incomplete: 'The archive has no end; export again to complete it.',
  move_refused: 'The move cannot be made.',
  move_unconfirmed: 'The new record was published but is not seen yet.',
  mirror_empty: 'The old home is gone, and there is nothing at the new one.',
  auth_link_invalid: 'The link is no request that can be answered.',
  auth_answer_invalid: 'What came through the relay is no answer to this request.',
  auth_expired: 'Nobody approved the request in time.',
  cancelled: 'It was cancelled.',
  outbox_full: 'Too many writes are waiting.',
} as const

export type SdkErrorCode = keyof typeof SDK_ERRORS

interface Details {
  status?: number | undefined
  cause?: unknown
  /** What was asked or answered, for people. */
  detail?: string | undefined
  body?: string | undefined
  retryAfterSeconds?: number | undefined
  serverTime?: bigint | undefined
  highest?: bigint | undefined
}

/** What every call of the SDK rejects with, cancellation apart. */
export class PubkyError extends Error {
  override readonly name = 'PubkyError'
  readonly code: SdkErrorCode
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined
  /** The text of the server, cut at 64 KiB. */
  readonly body: string | undefined
  readonly retryAfterSeconds: number | undefined
  /** Clock of the server in µs, with `signature_not_fresh`. */
  readonly serverTime: bigint | undefined
  /** Highest accepted timestamp of the path in µs, with `signature_superseded`. */
  readonly highest: bigint | undefined

  constructor(code: SdkErrorCode, d: Details = {}) {
    const { cause } = d
    super(
      d.detail ? `${SDK_ERRORS[code]} (${d.detail})` : SDK_ERRORS[code],
      cause === undefined ? undefined : { cause },
    )
    this.code = code
    this.status = d.status
    this.body = d.body
    this.retryAfterSeconds = d.retryAfterSeconds
    this.serverTime = d.serverTime
    this.highest = d.highest
  }

  /** True when nobody refused: the same call may succeed later, and may already have worked. */
  get isOutage(): boolean {
    return OUTAGES.has(this.code)
  }
}

const OUTAGES = new Set<SdkErrorCode>([
  'network',
  'timeout',
  'unresolvable',
  'publish_failed',
  'server',
  'rate_limited',
  'moving',
])

/** True for an outage: network failures as opposed to refusals. */
export function isOutage(error: unknown): error is PubkyError {
  return error instanceof PubkyError && error.isOutage
}
