/** From the system's generator. All of it in the function: a bundler that loses a constant must not make zeros. */
export function randomBytes(length: number): Uint8Array {
  const maxAtOnce = 65_536
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += maxAtOnce)
    crypto.getRandomValues(bytes.subarray(at, at + maxAtOnce))
  return bytes
}
