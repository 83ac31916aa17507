import type { SignedPacket } from '@pubky/protocol'
import { dataText, typeName } from './record-text.ts'

/** The records of a packet as a table, the apex as `@` (spec/discovery.md 5.6). */
export function listing({
  publicKey,
  records,
}: Pick<SignedPacket, 'publicKey' | 'records'>): string {
  const row = (name: string, ttl: string, type: string, data: string) =>
    `${name.padEnd(20)} ${ttl.padEnd(7)} ${type.padEnd(6)} ${data.padEnd(25)}`.trimEnd()
  const suffix = `.${publicKey}`
  const rows = records.map(({ name, ttl, data }) => {
    const short = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
    return row(name === publicKey ? '@' : short, String(ttl), typeName(data), dataText(data))
  })
  return [`Packet ${publicKey}`, row('Name', 'TTL', 'Type', 'Data'), ...rows].join('\n')
}
