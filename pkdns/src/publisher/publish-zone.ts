import {
  encodeDnsMessage,
  equalBytes,
  type Micros,
  normalizeOwner,
  type ResourceRecord,
  type SignedPacket,
  type Signer,
  signPacket,
  toMicros,
} from '@pubky/protocol'
import { PubkyError } from '@pubky/sdk'
import type { PkarrClient } from '@pubky/sdk/pkarr/client'

const CONFLICT_TRIES = 3

export interface Published {
  packet: SignedPacket
  /** Nodes of the DHT that hold it. */
  stored: number
  /** Whether the records differ from those that were published before. */
  isNew: boolean
}

/**
 * Publishes records under a key: as a new packet when they differ from the newest one there is, else
 * that one again, unchanged. Records named `_pubky…` of the packet are kept unless the zone has its
 * own: they say where the person's data is. Rejects as `PkarrClient.publish`.
 */
export async function publishZone(
  pkarr: PkarrClient,
  signer: Signer,
  records: readonly ResourceRecord[],
  o: { now: () => Micros; signal?: AbortSignal },
): Promise<Published> {
  const opt = o.signal ? { signal: o.signal } : {}
  for (let tries = 1; ; tries++) {
    const previous = await pkarr.resolve(signer.publicKey, { ...opt, policy: 'network-only' })
    const wanted = [...records, ...keptOf(previous, records, signer.publicKey)]
    const isNew = !previous || !equalBytes(bytesOf(wanted, signer.publicKey), previous.dns)
    const packet = isNew
      ? await signPacket(signer, wanted, stampAfter(previous, o.now()))
      : previous
    try {
      const cas = isNew && previous ? { cas: previous.timestamp } : {}
      const { stored } = await pkarr.publish(packet, { ...opt, ...cas })
      return { packet, stored, isNew }
    } catch (error) {
      const isConflict = error instanceof PubkyError && error.code === 'publish_conflict'
      if (!isConflict || tries === CONFLICT_TRIES) throw error
    }
  }
}

function keptOf(
  previous: SignedPacket | null,
  records: readonly ResourceRecord[],
  key: string,
): readonly ResourceRecord[] {
  const isPubky = ({ name }: ResourceRecord) => normalizeOwner(name, key).startsWith('_pubky')
  return records.some(isPubky) ? [] : (previous?.records.filter(isPubky) ?? [])
}

function bytesOf(records: readonly ResourceRecord[], key: string): Uint8Array {
  const answers = records.map((record) => ({ ...record, name: normalizeOwner(record.name, key) }))
  return encodeDnsMessage({ flags: 0x8000, answers })
}

function stampAfter(previous: SignedPacket | null, now: Micros): Micros {
  const after = (previous?.timestamp ?? 0n) + 1n
  return now > after ? now : toMicros(after)
}
