import {
  type Micros,
  nowMicros,
  type PublicKeyZ32,
  type ResourceRecord,
  type SignedPacket,
  type Signer,
  signPacket,
  toMicros,
  userRecords,
} from '@pubky/protocol'
import type { Opt } from '../dht.ts'
import { PubkyError } from '../errors.ts'
import type { PkarrClient } from './client.ts'

/** spec/homeserver.md 8.4. */
const CONFLICT_TRIES = 3

/**
 * Makes `_pubky` of the user's record name the homeserver; other records are kept. Rejects as
 * `PkarrClient.publish`, after three conflicts with `publish_conflict`.
 */
export async function publishHomeserver(
  pkarr: PkarrClient,
  root: Signer,
  homeserver: PublicKeyZ32,
  o: Opt & { now?: () => Micros } = {},
): Promise<void> {
  await publishRecords(pkarr, root, (previous) => userRecords(previous, homeserver), o)
}

/** Publishes other records, worked out from those that are there. Rejects as `publishHomeserver`. */
export async function publishRecords(
  pkarr: PkarrClient,
  root: Signer,
  change: (previous: SignedPacket | null) => ResourceRecord[],
  o: Opt & { now?: () => Micros } = {},
): Promise<void> {
  const { now = nowMicros, ...opt } = o
  for (let attempt = 1; ; attempt++) {
    const previous = await pkarr.resolve(root.publicKey, { ...opt, policy: 'network-only' })
    const after = (previous?.timestamp ?? 0n) + 1n
    const current = now()
    const timestamp = toMicros(current > after ? current : after)
    const packet = await signPacket(root, change(previous), timestamp)
    try {
      await pkarr.publish(packet, { ...opt, ...(previous ? { cas: previous.timestamp } : {}) })
      return
    } catch (error) {
      const isConflict = error instanceof PubkyError && error.code === 'publish_conflict'
      if (!isConflict || attempt === CONFLICT_TRIES) throw error
    }
  }
}

/** spec/discovery.md 3.5: what is older is published anew when its owner signs in. */
const STALE_MICROS = 3_600_000_000n

/**
 * Publishes the user's record anew when it was signed more than an hour ago, so that the records of
 * people who come back now and then stay in the DHT. Resolves to whether it did; rejects as
 * `publishHomeserver`.
 */
export async function publishIfStale(
  pkarr: PkarrClient,
  root: Signer,
  homeserver: PublicKeyZ32,
  o: Opt & { now?: () => Micros } = {},
): Promise<boolean> {
  const { now = nowMicros, ...opt } = o
  const known = await pkarr.resolve(root.publicKey, opt)
  if (known && now() - known.timestamp <= STALE_MICROS) return false
  await publishHomeserver(pkarr, root, homeserver, o)
  return true
}
