/** A node as others name it. */
export interface Contact {
  /** 20 bytes. */
  readonly id: Uint8Array
  /** IPv4. */
  readonly host: string
  readonly port: number
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** `local` speaks to loopback only; `mainnet` never to loopback, private or reserved addresses. */
export type NetworkKind = 'local' | 'mainnet'

export const ID_BYTES = 20
const COMPACT_BYTES = 26

/** Whether a datagram may be sent to, or a contact believed of, this IPv4 address. */
export function isAllowedAddress(network: NetworkKind, { host, port }: Address): boolean {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return false
  const parts = host.split('.')
  const [a = -1, b = -1] = parts.map(Number)
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return false
  }
  if (network === 'local') return a === 127
  return !(
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 198 && (b === 18 || b === 19)) ||
    a >= 224
  )
}

/** Reads `host:port`, null when it is neither. */
export function parseHostPort(text: string): Address | null {
  const match = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  return match?.[1] && port > 0 && port < 65_536 ? { host: match[1], port } : null
}

/** `nodes` of KRPC: 20 bytes of id, 4 of IPv4, 2 of port, each (BEP5). Surplus bytes are ignored. */
export function decodeContacts(bytes: Uint8Array): Contact[] {
  const contacts: Contact[] = []
  for (let at = 0; at + COMPACT_BYTES <= bytes.length; at += COMPACT_BYTES) {
    const id = bytes.slice(at, at + ID_BYTES)
    const host = bytes.slice(at + 20, at + 24).join('.')
    const port = (bytes[at + 24] ?? 0) * 256 + (bytes[at + 25] ?? 0)
    contacts.push({ id, host, port })
  }
  return contacts
}

export function encodeContacts(contacts: readonly Contact[]): Uint8Array {
  return Buffer.concat(contacts.flatMap((contact) => [contact.id, encodeAddress(contact)]))
}

/** 4 bytes of IPv4, 2 of port. */
export function encodeAddress({ host, port }: Address): Uint8Array {
  return Uint8Array.from([...host.split('.').map(Number), port >> 8, port & 0xff])
}

/** Negative when `a` is closer to `target` than `b` in the XOR metric. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < target.length; at++) {
    const byte = target[at] ?? 0
    const difference = ((a[at] ?? 0) ^ byte) - ((b[at] ?? 0) ^ byte)
    if (difference !== 0) return difference
  }
  return 0
}
