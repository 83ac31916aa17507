/** A session remembers what it may do; clients ask for a handful. */
const MAX_CAPABILITIES = 64
const MAX_BYTES = 4096
/** All that a token has beside them, and the length of their text. */
const TOKEN_BYTES = 115 + 2
/** Their text in base64 and what else a grant says. */
const MAX_GRANT_LENGTH = 8192

/** Whether a token has more of them than its length allows: reading it costs more than looking at that. */
export function isTokenTooLong(token: Uint8Array): boolean {
  return token.length > TOKEN_BYTES + MAX_BYTES
}

/** The same of a grant. */
export function isGrantTooLong(jws: string): boolean {
  return jws.length > MAX_GRANT_LENGTH
}

export function areTooMany(capabilities: readonly unknown[]): boolean {
  return capabilities.length > MAX_CAPABILITIES
}
