/** The port to the Mainline DHT, BEP44 mutable items (spec/discovery.md 6). `packages/dht` is its adapter. */

export interface Opt {
  signal?: AbortSignal
}

/** A signed BEP44 item: 32-byte key, value of at most 1000 bytes, 64-byte signature. */
export interface MutableItem {
  key: Uint8Array
  seq: bigint
  value: Uint8Array
  sig: Uint8Array
}

/** How many nodes answered a put, by outcome. */
export interface PutReport {
  stored: number
  notMoreRecent: number
  casFailed: number
  failed: number
}

/** How many nodes were asked, answered, and agreed on the newest item. */
export interface GetReport {
  queried: number
  responded: number
  agreed: number
  newestInvalidSeq: bigint | null
}

/** A running lookup: yields verified items only, ascending by (seq, value). */
export interface DhtLookup extends AsyncIterable<MutableItem> {
  first(): Promise<MutableItem | null>
  newest(): Promise<{ item: MutableItem | null; report: GetReport }>
}

export interface Dht extends AsyncDisposable {
  readonly address: { host: string; port: number }
  get(key: Uint8Array, o?: Opt & { newerThan?: bigint }): DhtLookup
  put(item: MutableItem, o?: Opt & { cas?: bigint }): Promise<PutReport>
  nodes(): readonly { id: Uint8Array; host: string; port: number }[]
}
