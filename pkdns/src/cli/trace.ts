import { homeserverOf, type PublicKeyZ32, packetTtl, randomBytes } from '@pubky/protocol'
import { PubkyError } from '@pubky/sdk'
import type { PkarrClient } from '@pubky/sdk/pkarr/client'
import { isPublicAddress } from '@pubky/server-kit'
import { EXTENDED_ERRORS, RCODES } from '../dns/codes.ts'
import { createForwarder } from '../dns/forward.ts'
import type { Found } from '../dns/packets.ts'
import { createNameResolver } from '../dns/resolver.ts'
import { parseServer } from '../dns/server-address.ts'
import { zoneError } from '../errors.ts'
import { dataText, typeName, typeNumber } from '../zone/record-text.ts'

const RCODE_NAMES = Object.fromEntries(Object.entries(RCODES).map(([name, code]) => [code, name]))
const MAX_STEPS = 15

/** Resolves a name hop by hop and tells each, with what was found, from where and how long it took. */
export async function trace(
  pkarr: PkarrClient,
  o: { name: string; type: string; forward: string | null; isLocal: boolean },
  tell: (line: string) => void,
): Promise<void> {
  const type = typeNumber(o.type)
  if (type === null) throw zoneError('usage', `there is no record type ${o.type}`)
  const upstreams = o.forward ? [parseServer(o.forward)] : []
  const forwarder = createForwarder({ servers: upstreams, random: randomBytes })
  const resolver = createNameResolver({
    packets: { find: (key) => find(pkarr, key, tell) },
    forwarder,
    upstreams,
    tld: 'key',
    maxSteps: MAX_STEPS,
    negativeTtlS: 60,
    mayReach: (host) => o.isLocal || isPublicAddress(host),
    delegationPort: 53,
  })
  const sinceMs = performance.now()
  try {
    const outcome = await resolver.resolve({
      name: o.name,
      type,
      recursive: true,
      dnssec: false,
      checkingDisabled: false,
      refresh: false,
      mayAsk: () => {},
      onHop({ name, from, ms, answers, next }) {
        tell(`${name}  (${from === 'key' ? 'signed packet' : 'ICANN'}, ${ms.toFixed(1)} ms)`)
        for (const { name: owner, ttl, data } of answers)
          tell(`    ${owner} ${ttl} ${typeName(data)} ${dataText(data)}`)
        if (next !== null) tell(`    → goes on with ${next}`)
      },
    })
    const refusal =
      outcome.extended === EXTENDED_ERRORS.notAuthoritative
        ? ': name a resolver with --forward'
        : ''
    const total = (performance.now() - sinceMs).toFixed(1)
    tell(`${RCODE_NAMES[outcome.rcode] ?? outcome.rcode}${refusal} after ${total} ms`)
  } finally {
    forwarder.close()
  }
}

async function find(
  pkarr: PkarrClient,
  key: PublicKeyZ32,
  tell: (line: string) => void,
): Promise<Found> {
  try {
    const packet = await pkarr.resolve(key, { policy: 'network-only' })
    if (!packet) return { kind: 'missing' }
    const { timestamp } = packet
    const signed = new Date(Number(timestamp / 1000n)).toISOString()
    const home = homeserverOf(packet)
    tell(
      `  packet of ${key}: signed ${signed}, ${packet.records.length} records${home ? `, home at ${home}` : ''}`,
    )
    const origin = { key, timestamp, lastSeen: timestamp, nodes: null }
    return { kind: 'packet', packet, origin, ageS: 0, ttlS: packetTtl(packet), isStale: false }
  } catch (error) {
    if (!(error instanceof PubkyError)) throw error
    tell(`  packet of ${key}: ${error.message}`)
    return { kind: error.code === 'invalid_record' ? 'missing' : 'unavailable' }
  }
}
