/** Errors of the loader and the demo; each is told in one sentence. */
export type LoadErrorCode =
  | 'usage'
  | 'unreadable_file'
  | 'invalid_state'
  | 'already_loading'
  | 'not_local'
  | 'demo_refused'

export class LoadError extends Error {
  override readonly name = 'LoadError'
  readonly code: LoadErrorCode

  constructor(code: LoadErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
