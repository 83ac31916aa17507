import {
  homeserverOf,
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

/**
 * Publishes other records, worked out from those that are there; null leaves them. Resolves to whether
 * it published. Rejects as `publishHomeserver`.
 */
export async function publishRecords(
  pkarr: PkarrClient,
  root: Signer,
  change: (previous: SignedPacket | null) => ResourceRecord[] | null,
  o: Opt & { now?: () => Micros } = {},
): Promise<boolean> {
  const { now = nowMicros, ...opt } = o
  for (let attempt = 1; ; attempt++) {
    const previous = await pkarr.resolve(root.publicKey, { ...opt, policy: 'network-only' })
    const records = change(previous)
    if (!records) return false
    const after = (previous?.timestamp ?? 0n) + 1n
    const current = now()
    const timestamp = toMicros(current > after ? current : after)
    const packet = await signPacket(root, records, timestamp)
    try {
      await pkarr.publish(packet, { ...opt, ...(previous ? { cas: previous.timestamp } : {}) })
      return true
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
 * people who come back now and then stay in the DHT. What was kept may be from before a move, so the
 * network is asked, and a record that names another homeserver is left alone. Resolves to whether it
 * published; rejects as `publishHomeserver`.
 */
export async function publishIfStale(
  pkarr: PkarrClient,
  root: Signer,
  homeserver: PublicKeyZ32,
  o: Opt & { now?: () => Micros } = {},
): Promise<boolean> {
  const { now = nowMicros, ...opt } = o
  const isStale = ({ timestamp }: SignedPacket) => now() - timestamp > STALE_MICROS
  const known = await pkarr.resolve(root.publicKey, opt)
  if (known && !isStale(known)) return false
  const change = (newest: SignedPacket | null) =>
    newest && (homeserverOf(newest) !== homeserver || !isStale(newest))
      ? null
      : userRecords(newest, homeserver)
  return publishRecords(pkarr, root, change, o)
}
