/** Errors of the live feed. */
export class LiveError extends Error {
  override readonly name = 'LiveError'
  readonly code: 'live_closed'

  constructor(code: LiveError['code'], message: string) {
    super(message)
    this.code = code
  }
}
