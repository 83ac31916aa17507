/** Every refusal of this package. A code is stable; many messages are texts of the wire. */
export const PROTOCOL_ERRORS = [
  'invalid_hex',
  'invalid_base64',
  'invalid_utf8',
  'invalid_z32',
  'invalid_crockford',
  'invalid_public_key',
  'invalid_secret_key',
  'invalid_event_id',
  'invalid_path',
  'invalid_address',
  'invalid_capability',
  'invalid_auth_token',
  'auth_token_version',
  'auth_token_expired',
  'auth_token_in_future',
  'invalid_auth_token_signature',
  'invalid_session_record',
  'invalid_grant_format',
  'invalid_grant_signature',
  'invalid_grant_type',
  'grant_expired',
  'invalid_pop',
  'invalid_credential',
  'invalid_recovery_file',
  'wrong_passphrase',
  'invalid_phrase',
  'invalid_channel_message',
  'malformed_proof',
  'proof_action_mismatch',
  'proof_hash_mismatch',
  'invalid_proof_signature',
  'invalid_proof_certificate',
  'invalid_deep_link',
  'invalid_key_object',
  'invalid_manifest',
  'invalid_move_statement',
  'dns_malformed',
  'dns_name_invalid',
  'dns_record_invalid',
  'dns_message_too_large',
  'packet_malformed',
  'packet_too_large',
  'packet_timestamp_invalid',
  'packet_signature_invalid',
] as const

export type ProtocolErrorCode = (typeof PROTOCOL_ERRORS)[number]

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string = code, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** For values that cannot be absent unless the program is wrong. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`missing: ${what}`)
  return value
}
