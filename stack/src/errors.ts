/** Errors of this folder; each is told to the person who started it, in one sentence. */
export type StackErrorCode =
  | 'unknown_option'
  | 'port_in_use'
  | 'already_running'
  | 'data_version'
  | 'not_built'
  | 'service_failed'
  | 'archive_invalid'
  | 'archive_newer'
  | 'backup_failed'
  | 'restore_target_used'

export class StackError extends Error {
  override readonly name = 'StackError'
  readonly code: StackErrorCode

  constructor(code: StackErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
