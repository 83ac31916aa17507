const MAPPED = /^::ffff:(?=\d+\.)/i

/**
 * What limits by address count as one: an IPv4 address, or the network of an IPv6 address (its first 64
 * bits), of which one household or one rented machine has all addresses.
 */
export function networkOf(ip: string): string {
  const address = ip.replace(MAPPED, '')
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('%')[0]?.split('::', 2) ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':')
}
