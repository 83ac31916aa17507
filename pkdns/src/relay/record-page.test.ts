import { randomKeypair, signerFromKeypair, signPacket, toMicros, utf8 } from '@pubky/protocol'
import { expect, it } from 'vitest'
import { agoText, recordPage } from './record-page.ts'
import { statusPage } from './status-page.ts'

const nowMs = 1_700_000_000_000

// covers 4.3.4
it('a record is shown decoded, with its age and its nodes, and cannot bring markup of its own', async () => {
  const keypair = randomKeypair()
  const packet = await signPacket(
    signerFromKeypair(keypair),
    [
      { name: '@', ttl: 60, data: { type: 'TXT', strings: [utf8('<script>alert("1")</script>')] } },
      { name: 'www', ttl: 60, data: { type: 'CNAME', target: 'a"onload=x.example' } },
    ],
    toMicros(BigInt(nowMs - 7_200_000) * 1000n),
  )
  const lastSeen = BigInt(nowMs - 60_000) * 1000n
  const page = recordPage({ packet, lastSeen }, { nodes: 17, nowMs })
  expect(page).toContain('2 hours ago')
  expect(page).toContain('1 minute ago')
  expect(page).toContain('>17<')
  expect(page).toContain('<code>www</code>')
  expect(page).not.toContain('<script')
  expect(page).not.toContain('a"onload')
})

// covers 4.3.4
it('ages are told as people say them, of clocks that differ too', () => {
  expect(agoText(nowMs, nowMs)).toBe('0 seconds ago')
  expect(agoText(nowMs - 1000, nowMs)).toBe('1 second ago')
  expect(agoText(nowMs + 120_000, nowMs)).toBe('in 2 minutes')
  expect(agoText(nowMs - 3 * 86_400_000, nowMs)).toBe('3 days ago')
})

it('the state of the relay tells how large the DHT seems to be', () => {
  const status = {
    network: 'mainnet',
    dht: '0.0.0.0:6881',
    contacts: 150,
    inMemory: 1,
    memoryBytes: 10,
    maxBytes: 100,
    requestQuota: '20r/s*5',
    lookupQuota: '10r/s*5',
    onDisk: 2,
  }
  expect(statusPage({ ...status, size: null })).toContain('not known yet')
  const size = { nodes: 8412, deviation: 0.067 }
  expect(statusPage({ ...status, size })).toContain('about 8412 nodes (± 7 %)')
})
