import { isIPv4, isIPv6 } from 'node:net'
import { ExternalIpError } from './errors.ts'

/** Services that answer with the address they see (spec/discovery.md 5.6). */
const SERVICES = {
  ipv4: [
    'https://ipv4.icanhazip.com',
    'https://v4.ident.me',
    'https://api.ipify.org',
    'https://v4.ipinfo.io/ip',
    'https://api4.my-ip.io/ip',
  ],
  ipv6: [
    'https://ipv6.icanhazip.com',
    'https://v6.ident.me',
    'https://api6.ipify.org',
    'https://v6.ipinfo.io/ip',
    'https://api6.my-ip.io/ip',
  ],
} as const

export type Family = keyof typeof SERVICES
export type FindExternalIp = (family: Family) => Promise<string>

const TIMEOUT_MS = 5000
const MAX_ANSWER_CHARACTERS = 64

/**
 * The address this machine has to the outside, asked of public services in random order. Rejects with
 * `ExternalIpError`.
 */
export function createExternalIp(o: {
  fetch: typeof fetch
  random: () => number
  services?: Readonly<Record<Family, readonly string[]>>
}): FindExternalIp {
  const services = o.services ?? SERVICES
  return async (family) => {
    const order = services[family]
      .map((url) => ({ url, at: o.random() }))
      .sort((a, b) => a.at - b.at)
    const isValid = family === 'ipv4' ? isIPv4 : isIPv6
    let cause: unknown
    for (const { url } of order) {
      try {
        const response = await o.fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
        const address = (await response.text()).slice(0, MAX_ANSWER_CHARACTERS).trim()
        if (response.ok && isValid(address)) return address
      } catch (error) {
        cause = error
      }
    }
    throw new ExternalIpError(family, cause)
  }
}
