export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A refusal or failure that a service tells its caller: HTTP status, stable code, text. */
export class ServiceError extends Error {
  override readonly name: string = 'ServiceError'
  readonly status: number
  readonly code: string
  readonly logLevel: LogLevel
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: string,
    message: string,
    o: { cause?: unknown; logLevel?: LogLevel; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, o.cause === undefined ? undefined : { cause: o.cause })
    this.status = status
    this.code = code
    this.logLevel = o.logLevel ?? (status >= 500 ? 'error' : 'debug')
    this.headers = withRetryAfter(status, o.headers ?? {})
  }
}

/** Who is told to come back is told when, whatever refused it. */
function withRetryAfter(status: number, headers: Readonly<Record<string, string>>) {
  const isTemporary = status === 429 || status === 503
  return isTemporary && !('retry-after' in headers) ? { ...headers, 'retry-after': '1' } : headers
}

/** Errors of this package. The start of a service ends with one of these in one sentence. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly code:
    | 'port_in_use'
    | 'postgres_missing'
    | 'postgres_failed'
    | 'postgres_version'
    | 'migration_changed'
    | 'migration_failed'
    | 'invalid_config'
    | 'data_version'
    | 'already_running'
    | 'nothing_to_purge'
  /** Everything that is wrong, one by one. */
  readonly problems: readonly string[]

  constructor(code: StartError['code'], message: string, cause?: unknown, problems = [message]) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.problems = problems
  }

  /** For a configuration: all that is wrong with it in one sentence. */
  static config(problems: string[]): StartError {
    return new StartError('invalid_config', `${problems.join('; ')}.`, undefined, problems)
  }
}

export class BlobMissingError extends Error {
  override readonly name = 'BlobMissingError'
  readonly code = 'blob_missing'

  constructor(key: string) {
    super(`no blob ${key}`)
  }
}

/** The place where blobs lie does not answer, or takes nothing. Asking again later may help. */
export class BlobStoreAwayError extends Error {
  override readonly name = 'BlobStoreAwayError'
  readonly code = 'blob_store_away'

  constructor(cause: unknown) {
    super('the blob store cannot be reached', { cause })
  }
}

/** No service told the address of this machine. */
export class ExternalIpError extends Error {
  override readonly name = 'ExternalIpError'
  readonly code = 'external_ip_unknown'

  constructor(family: string, cause: unknown) {
    super(`no service told the ${family} address of this machine`, { cause })
  }
}

/** Why an outbound request was not made or was cut off. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly code: 'address_forbidden' | 'scheme_forbidden' | 'too_many_redirects' | 'body_too_large'

  constructor(code: OutboundError['code'], message: string) {
    super(message)
    this.code = code
  }
}
