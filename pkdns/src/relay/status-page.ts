/** What the page tells. */
export interface RelayStatus {
  network: string
  dht: string
  contacts: number
  inMemory: number
  memoryBytes: number
  maxBytes: number
  onDisk: number
}

/** The page at `/`: what this relay is and how full it is. Holds numbers of ours only. */
export function statusPage(status: RelayStatus): string {
  const percent = ((status.memoryBytes / status.maxBytes) * 100).toFixed(1)
  const rows = [
    ['Network', status.network],
    ['DHT node', status.dht],
    ['DHT contacts', String(status.contacts)],
    ['Packets on disk', String(status.onDisk)],
    ['Packets in memory', `${status.inMemory} (${percent} % of ${status.maxBytes} bytes)`],
  ]
  const table = rows.map(
    ([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>PKARR relay</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
th { text-align: left; padding-right: 2rem }
:root { color-scheme: light dark }
</style>
</head>
<body>
<h1>PKARR relay</h1>
<p>Publishes and finds signed packets in the Mainline DHT: <code>GET</code> and <code>PUT /&lt;key&gt;</code>.</p>
<table>${table.join('')}</table>
</body>
</html>
`
}
