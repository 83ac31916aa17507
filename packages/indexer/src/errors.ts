/** Every error of the indexer, by its stable code. */
export const INDEXER_ERRORS = {
  no_endpoint: 'The record of the host names no address that can be reached.',
  unreachable: 'The host could not be reached or the connection broke.',
  host_failed: 'The host answered with an error.',
  rate_limited: 'The host asked to wait.',
  bad_answer: 'The host answered something that does not parse.',
  bad_cursor: 'The feed repeated itself, went backwards or left the range of its ids.',
  line_too_long: 'The event stream sent a line that has no end.',
  silent: 'The event stream fell silent.',
  lease_lost: 'Another process follows this host.',
  body_missing: 'A body of the journal is not in the blob store.',
  bad_row: 'A row of the journal cannot be read.',
} as const

export type IndexerErrorCode = keyof typeof INDEXER_ERRORS

/** Codes that say the host misbehaved, as opposed to being away. */
const OFFENCES = new Set<IndexerErrorCode>(['bad_answer', 'bad_cursor', 'line_too_long'])

/** What the indexer throws. `retryAfterMs` is what a host asked for. */
export class IndexerError extends Error {
  override readonly name = 'IndexerError'
  readonly code: IndexerErrorCode
  readonly retryAfterMs: number

  constructor(
    code: IndexerErrorCode,
    o: { cause?: unknown; detail?: string; retryAfterMs?: number } = {},
  ) {
    const text = INDEXER_ERRORS[code]
    super(o.detail ? `${text} (${o.detail})` : text, { cause: o.cause })
    this.code = code
    this.retryAfterMs = o.retryAfterMs ?? 0
  }

  /** True when the host broke the rules: it is quarantined, not only waited for. */
  get isOffence(): boolean {
    return OFFENCES.has(this.code)
  }
}
