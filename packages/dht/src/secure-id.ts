import { ID_BYTES } from './contact.ts'

const CRC32C = 0x82f63b78
const IP_MASK = [0x03, 0x0f, 0x3f, 0xff] as const

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC32C : crc >>> 1
  return crc >>> 0
})

function crc32c(bytes: readonly number[]): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** The 21 bits that the id of a node must begin with at an IPv4 address (BEP42). */
function prefixOf(host: string, last: number): number {
  const r = last & 7
  const bytes = host.split('.').map((part, at) => Number(part) & (IP_MASK[at] ?? 0))
  bytes[0] = (bytes[0] ?? 0) | (r << 5)
  return crc32c(bytes) >>> 11
}

/**
 * Whether an id is one of the few that an address may have. Where that is asked, a place near a key
 * costs an address, and whoever wants to surround a key needs very many.
 */
export function isSecureId(id: Uint8Array, host: string): boolean {
  if (id.length !== ID_BYTES) return false
  const first = ((id[0] ?? 0) << 13) | ((id[1] ?? 0) << 5) | ((id[2] ?? 0) >> 3)
  return first === prefixOf(host, id[ID_BYTES - 1] ?? 0)
}

/** A random id that an address may have. */
export function secureIdFor(host: string, random: (bytes: number) => Uint8Array): Uint8Array {
  const id = Uint8Array.from(random(ID_BYTES))
  const prefix = prefixOf(host, id[ID_BYTES - 1] ?? 0)
  id[0] = prefix >> 13
  id[1] = (prefix >> 5) & 0xff
  id[2] = ((prefix & 0x1f) << 3) | ((id[2] ?? 0) & 7)
  return id
}
