import { isIP } from 'node:net'
import { StartError } from '@pubky/server-kit'
import type { Server } from './udp-pool.ts'

export const DNS_PORT = 53

/** An address, with port 53 unless it names one; `[v6]:port` for IPv6. Throws `invalid_config`. */
export function parseServer(text: string): Server {
  const [, v6, v4, port = String(DNS_PORT)] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = v6 ?? v4 ?? text
  if (isIP(host) === 0 || Number(port) > 65_535)
    throw new StartError('invalid_config', `${text} is no address of a DNS server.`)
  return { host, port: Number(port) }
}
