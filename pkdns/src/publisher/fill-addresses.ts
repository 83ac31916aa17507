import type { FindExternalIp } from '@pubky/server-kit'
import { zoneError } from '../errors.ts'

/** Puts the address of this machine where the file says `{external_ipv4}` or `{external_ipv6}`. */
export async function fillAddresses(text: string, find: FindExternalIp): Promise<string> {
  const known = (family: Parameters<FindExternalIp>[0]) =>
    find(family).catch((cause: unknown) => {
      throw zoneError('external_ip_unknown', family, cause)
    })
  let filled = text
  for (const family of ['ipv4', 'ipv6'] as const) {
    const mark = `{external_${family}}`
    if (filled.includes(mark)) filled = filled.replaceAll(mark, await known(family))
  }
  return filled
}
