import { type PublicKeyZ32, publicKeyBytes } from '@pubky/protocol'
import type { PacketStorage, StoredPacket } from '@pubky/sdk/pkarr/client'
import { openItemLog } from './item-log.ts'

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const HEAD_BYTES = KEY_BYTES + SIGNATURE_BYTES + 8

/**
 * A `PacketStorage` of the SDK in a file, for programs that start often: what was resolved is there
 * again. Holds `maxPackets` and `maxBytes` of them; the least recently used go first.
 *
 * @example
 * await using storage = await openPacketFile({ file: './packets.log', maxPackets: 10_000 })
 * const pkarr = createPkarrClient({ relays, storage })
 */
export async function openPacketFile(o: {
  file: string
  maxPackets: number
  maxBytes?: number
}): Promise<PacketStorage & AsyncDisposable> {
  const log = await openItemLog({
    file: o.file,
    maxItems: o.maxPackets,
    ...(o.maxBytes === undefined ? {} : { maxBytes: o.maxBytes }),
  })
  return {
    async get(key: PublicKeyZ32): Promise<StoredPacket | null> {
      const entry = await log.get(publicKeyBytes(key))
      if (!entry) return null
      const { item, storedAt } = entry
      const seq = Buffer.alloc(8)
      seq.writeBigUInt64BE(item.seq)
      const bytes = Uint8Array.from(Buffer.concat([item.key, item.sig, seq, item.value]))
      return { bytes, lastSeenMs: Number(storedAt / 1000n) }
    },
    async put(_: PublicKeyZ32, { bytes, lastSeenMs }: StoredPacket): Promise<void> {
      const view = Buffer.from(bytes)
      const item = {
        key: view.subarray(0, KEY_BYTES),
        sig: view.subarray(KEY_BYTES, KEY_BYTES + SIGNATURE_BYTES),
        seq: view.readBigUInt64BE(KEY_BYTES + SIGNATURE_BYTES),
        value: view.subarray(HEAD_BYTES),
      }
      await log.put(item, BigInt(Math.trunc(lastSeenMs)) * 1000n)
    },
    [Symbol.asyncDispose]: () => log.close(),
  }
}
