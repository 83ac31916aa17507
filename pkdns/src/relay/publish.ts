import {
  isMoreRecent,
  isSamePacket,
  type PublicKeyZ32,
  packetToItem,
  type SignedPacket,
} from '@pubky/protocol'
import type { Dht, PutReport } from '@pubky/sdk/dht'
import { orUnavailable, relayError } from '../errors.ts'
import type { PacketStore } from './packet-store.ts'

export interface PublishContext {
  dht: Pick<Dht, 'put'>
  store: PacketStore
  clock: () => bigint
}

interface Flight {
  packet: SignedPacket
  stored: Promise<number>
}

/** Hands packets to the DHT by the rules of relays (spec/discovery.md 2.2, steps 5 to 10). */
export function createPublisher({ dht, store, clock }: PublishContext) {
  const flights = new Map<PublicKeyZ32, Flight>()

  /**
   * Resolves to the number of DHT nodes that stored the packet, once it is durable here too. Throws
   * `not_most_recent`, `cas_failed`, `conflict_risk`, `dht_failed` or `dht_unavailable`.
   */
  async function publish(
    packet: SignedPacket,
    ifMatch: bigint | null,
    mayAsk: () => void,
  ): Promise<number> {
    const known = (await store.get(packet.publicKey))?.packet ?? null
    // A repeated request must not fail because its first try has arrived.
    const isRepeated = known !== null && isSamePacket(known, packet)
    if (known && !isRepeated) {
      if (isMoreRecent(known, packet)) throw relayError('not_most_recent')
      if (ifMatch !== null && known.timestamp !== ifMatch) throw relayError('cas_failed')
    }
    const running = flights.get(packet.publicKey)
    if (running) {
      if (isSamePacket(running.packet, packet)) return running.stored
      judgeAgainst(running.packet, packet, ifMatch)
    }
    mayAsk()
    const flight = { packet, stored: send(packet, isRepeated ? null : ifMatch) }
    flights.set(packet.publicKey, flight)
    try {
      return await flight.stored
    } finally {
      if (flights.get(packet.publicKey) === flight) flights.delete(packet.publicKey)
    }
  }

  async function send(packet: SignedPacket, ifMatch: bigint | null): Promise<number> {
    const cas = ifMatch === null ? {} : { cas: ifMatch }
    const report = await dht.put(packetToItem(packet), cas).catch(orUnavailable)
    judgeReport(report)
    await store.keep(packet, clock())
    store.noteAgreed(packet, report.stored)
    return report.stored
  }

  return { publish }
}

function judgeAgainst(running: SignedPacket, packet: SignedPacket, ifMatch: bigint | null): void {
  if (packet.timestamp < running.timestamp) throw relayError('not_most_recent')
  if (ifMatch === running.timestamp) return
  throw relayError(ifMatch === null ? 'conflict_risk' : 'cas_failed')
}

function judgeReport({ stored, notMoreRecent, casFailed, failed }: PutReport): void {
  const majority = Math.floor((stored + notMoreRecent + casFailed + failed) / 2) + 1
  if (notMoreRecent >= majority) throw relayError('not_most_recent')
  if (casFailed >= majority) throw relayError('cas_failed')
  if (stored > 0) return
  if (notMoreRecent > 0 && notMoreRecent >= casFailed) throw relayError('not_most_recent')
  throw relayError(casFailed > 0 ? 'cas_failed' : 'dht_failed')
}
