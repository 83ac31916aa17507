const MAX_AT_ONCE = 65_536

/** From the system's generator. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += MAX_AT_ONCE)
    crypto.getRandomValues(bytes.subarray(at, at + MAX_AT_ONCE))
  return bytes
}
