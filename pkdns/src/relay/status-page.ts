import { pageOf } from './page.ts'

/** What the page tells. */
export interface RelayStatus {
  network: string
  dht: string
  contacts: number
  /** How many nodes the DHT seems to have; null while nothing is known. */
  size: { nodes: number; deviation: number } | null
  /** What one address may ask, of anything and of the DHT. */
  requestQuota: string
  lookupQuota: string
  inMemory: number
  memoryBytes: number
  maxBytes: number
  onDisk: number
}

function sizeText(size: RelayStatus['size']): string {
  if (!size) return 'not known yet'
  return `about ${size.nodes} nodes (± ${Math.round(size.deviation * 100)} %)`
}

/** The page at `/`: what this relay is and how full it is. Holds numbers of ours only. */
export function statusPage(status: RelayStatus): string {
  const percent = ((status.memoryBytes / status.maxBytes) * 100).toFixed(1)
  const rows = [
    ['Network', status.network],
    ['DHT node', status.dht],
    ['DHT contacts', String(status.contacts)],
    ['DHT size', sizeText(status.size)],
    ['Requests of one address', `${status.requestQuota}, of the DHT ${status.lookupQuota}`],
    ['Packets on disk', String(status.onDisk)],
    ['Packets in memory', `${status.inMemory} (${percent} % of ${status.maxBytes} bytes)`],
  ]
  const table = rows.map(
    ([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
  )
  return pageOf(
    'PKARR relay',
    `<p>Publishes and finds signed packets in the Mainline DHT: <code>GET</code> and <code>PUT /&lt;key&gt;</code>.</p>
<form action="/" method="get">
<label>Look up a key <input name="key" size="54" required autocomplete="off" spellcheck="false"></label>
<button>Show</button>
</form>
<table>${table.join('')}</table>`,
  )
}
