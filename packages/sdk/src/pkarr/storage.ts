import type { PublicKeyZ32 } from '@pubky/protocol'

/** A packet as bytes: key ‖ signature ‖ timestamp ‖ DNS, and when it was last seen, in ms. */
export interface StoredPacket {
  bytes: Uint8Array
  lastSeenMs: number
}

/** Where packets outlive the process, such as IndexedDB. What it returns is verified again. */
export interface PacketStorage {
  get(key: PublicKeyZ32): Promise<StoredPacket | null>
  put(key: PublicKeyZ32, packet: StoredPacket): Promise<void>
}
