import { homeserverOf } from '@pubky/protocol'
import { dataText, typeName } from '../zone/record-text.ts'
import { escapeHtml, pageOf } from './page.ts'
import type { FoundPacket } from './resolve.ts'

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** `3 hours ago`, or `in 2 minutes` for clocks that differ. */
export function agoText(thenMs: number, nowMs: number): string {
  const seconds = Math.round(Math.abs(nowMs - thenMs) / 1000)
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ['second', 1]
  const count = Math.floor(seconds / size)
  const text = `${count} ${unit}${count === 1 ? '' : 's'}`
  return thenMs > nowMs && seconds > 0 ? `in ${text}` : `${text} ago`
}

function momentText(micros: bigint, nowMs: number): string {
  const ms = Math.min(Number(micros / 1000n), 8.64e15)
  return `${new Date(ms).toISOString()} (${agoText(ms, nowMs)})`
}

/** What a key says, for people: decoded, with its age and how many nodes hold it. */
export function recordPage(
  { packet, lastSeen, isStale }: FoundPacket,
  o: { nodes: number | null; nowMs: number },
): string {
  const { publicKey, records, timestamp } = packet
  const home = homeserverOf(packet)
  const facts = [
    ['Key', publicKey],
    ['Signed', momentText(timestamp, o.nowMs)],
    ['Last seen in the DHT', momentText(lastSeen, o.nowMs)],
    ['Nodes that hold it', o.nodes === null ? 'not asked yet' : String(o.nodes)],
    ...(home ? [['Homeserver', home]] : []),
  ] as const
  const suffix = `.${publicKey}`
  const rows = records.map(({ name, ttl, data }) => {
    const short =
      name === publicKey ? '@' : name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
    const cells = [short, String(ttl), typeName(data), dataText(data)]
    return `<tr>${cells.map((cell) => `<td><code>${escapeHtml(cell)}</code></td>`).join('')}</tr>`
  })
  const warning = isStale
    ? '<p class="warn">The DHT cannot be reached now. This is what was known before; there may be something newer.</p>'
    : ''
  const factRows = facts.map(
    ([name = '', value = '']) =>
      `<tr><th scope="row">${name}</th><td>${escapeHtml(value)}</td></tr>`,
  )
  return pageOf(
    'What this key says',
    `${warning}<table>${factRows.join('')}</table>
<table><thead><tr><th>Name</th><th>TTL</th><th>Type</th><th>Data</th></tr></thead>
<tbody>${rows.join('')}</tbody></table>
<p>The signature was checked: only the owner of the key can have written this. <a href="/">Another key</a></p>`,
  )
}
