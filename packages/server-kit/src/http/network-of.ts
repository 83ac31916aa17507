import { isIPv6 } from 'node:net'
import { parseIpv6 } from '@pubky/protocol'

const MAPPED = /^::ffff:(?=\d+\.)/i

/**
 * What limits by address count as one: an IPv4 address, or the network of an IPv6 address (its first 64
 * bits), of which one household or one rented machine has all addresses. Other text stays as it is. Of a
 * client that went away while its request was looked at, no address is known any more.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return ''
  const [bare = ''] = address.replace(MAPPED, '').split('%')
  if (!isIPv6(bare)) return bare
  const groups = Buffer.from(parseIpv6(bare).subarray(0, 8)).toString('hex').match(/.{4}/g) ?? []
  return groups.map((group) => group.replace(/^0{1,3}/, '')).join(':')
}
