import type { Opt } from '@pubky/sdk/dht'

/** Size in bytes and 32-byte BLAKE3 of a stored blob. */
export interface BlobMeta {
  key: string
  size: number
  blake3: Uint8Array
}

export interface ListedBlob extends Omit<BlobMeta, 'blake3'> {
  createdMs: number
}

export interface BlobWriter {
  /** Resolves when the next chunk may come (back-pressure). The chunk must not change afterwards. */
  write(chunk: Uint8Array): Promise<void>
  /** Durable when it resolves; the key is new and never reused. */
  finish(): Promise<BlobMeta>
  abort(): Promise<void>
}

/** Where bodies too large for a row lie. One contract suite holds for every adapter. */
export interface BlobStore extends AsyncDisposable {
  /** With null the store names the blob: `finish` tells how. */
  begin(key: string | null, o?: Opt): Promise<BlobWriter>
  /** `end` is exclusive; a missing key rejects with `BlobMissingError`. */
  read(key: string, o?: Opt & { start?: number; end?: number }): Promise<ReadableStream<Uint8Array>>
  stat(key: string, o?: Opt): Promise<BlobMeta | null>
  /** Idempotent. */
  delete(keys: readonly string[], o?: Opt): Promise<void>
  /**
   * Gives the room of deleted blobs back, where that is work of its own, to be done now and then; at once
   * what is young, too, when the store `isLeft`: nobody writes to it any more. Resolves with their bytes.
   */
  reclaim?(o?: Opt & { isLeft?: boolean }): Promise<number>
  /** In key order, for the collector of orphans. */
  list(o: Opt & { after?: string; limit: number }): AsyncIterable<ListedBlob>
}
