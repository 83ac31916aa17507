/** Every refusal of this package, by a stable code. */
export const DHT_ERRORS = {
  dht_closed: 'The DHT node is closed.',
  dht_busy: 'Too many look-ups wait for the DHT.',
  dht_bind_failed: 'The DHT node cannot listen on its port.',
  dht_item_invalid: 'The item has a wrong size or signature.',
  dht_bootstrap_invalid: 'A bootstrap address is not written as host:port.',
  dht_log_unreadable: 'The file of stored items is of an unknown format.',
} as const

export type DhtErrorCode = keyof typeof DHT_ERRORS

export class DhtError extends Error {
  override readonly name = 'DhtError'
  readonly code: DhtErrorCode

  constructor(code: DhtErrorCode, cause?: unknown) {
    super(DHT_ERRORS[code], cause === undefined ? undefined : { cause })
    this.code = code
  }
}
