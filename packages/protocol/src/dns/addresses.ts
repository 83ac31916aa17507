import { ProtocolError } from '../errors.ts'

/** `127.0.0.1` to its 4 bytes. Throws `dns_record_invalid`. */
export function parseIpv4(text: string): Uint8Array {
  const parts = text.split('.')
  const bytes = parts.map((part) => (/^(?:0|[1-9][0-9]{0,2})$/.test(part) ? Number(part) : 256))
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) throw invalid('IPv4')
  return Uint8Array.from(bytes)
}

export function formatIpv4(bytes: Uint8Array): string {
  return bytes.join('.')
}

/** Text of an IPv6 address, `::` and an IPv4 tail allowed, to its 16 bytes. */
export function parseIpv6(text: string): Uint8Array {
  const sides = text.split('::')
  if (sides.length > 2) throw invalid('IPv6')
  const [head = [], tail = []] = sides.map((side) => (side === '' ? [] : groups(side.split(':'))))
  const missing = 8 - head.length - tail.length
  if (sides.length === 1 ? missing !== 0 : missing < 1) throw invalid('IPv6')
  const words = [...head, ...new Array<number>(Math.max(missing, 0)).fill(0), ...tail]
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]))
}

function groups(parts: string[]): number[] {
  return parts.flatMap((part, at) => {
    if (part.includes('.') && at === parts.length - 1) {
      const [a = 0, b = 0, c = 0, d = 0] = parseIpv4(part)
      return [(a << 8) | b, (c << 8) | d]
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) throw invalid('IPv6')
    return [Number.parseInt(part, 16)]
  })
}

/** RFC 5952: lower case, the longest run of at least two zero groups becomes `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const words: number[] = []
  for (let at = 0; at < 16; at += 2) words.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (at + length < 8 && words[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  const hex = words.map((word) => word.toString(16))
  if (best.at < 0) return hex.join(':')
  return `${hex.slice(0, best.at).join(':')}::${hex.slice(best.at + best.length).join(':')}`
}

function invalid(family: string): ProtocolError {
  return new ProtocolError('dns_record_invalid', `The ${family} address is malformed.`)
}
