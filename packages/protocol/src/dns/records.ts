/** Parameters of an SVCB or HTTPS record: raw values by numeric key (RFC 9460). */
export type SvcParams = ReadonlyMap<number, Uint8Array>

/** The data of a record by type. Names are texts without trailing dot; the root is `.`. */
export type RecordData =
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'NS' | 'PTR'; readonly target: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | {
      readonly type: 'SVCB' | 'HTTPS'
      readonly priority: number
      readonly target: string
      readonly params: SvcParams
    }
  | {
      readonly type: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: string
    }
  | {
      readonly type: 'SOA'
      readonly mname: string
      readonly rname: string
      readonly serial: number
      readonly refresh: number
      readonly retry: number
      readonly expire: number
      readonly minimum: number
    }
  | { readonly type: 'unknown'; readonly code: number; readonly bytes: Uint8Array }

/** A resource record. `ttl` in seconds, unsigned 32 bit; `class` is IN (1) when absent. */
export interface ResourceRecord {
  /** Absolute, without trailing dot. */
  readonly name: string
  readonly ttl: number
  readonly class?: number
  readonly data: RecordData
}

export interface DnsQuestion {
  readonly name: string
  /** Numeric record type, see `DNS_TYPES`. */
  readonly type: number
  readonly class: number
}

/** A DNS message. `flags` is the whole 16-bit field of the header. */
export interface DnsMessage {
  readonly id: number
  readonly flags: number
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  readonly additionals: readonly ResourceRecord[]
}

/** Numbers of the record types that this codec reads. */
export const DNS_TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SVCB: 64,
  HTTPS: 65,
} as const

/** Keys of the SVCB parameters that Pubky uses (RFC 9460 14.3.2; 65280 is Pubky's private one). */
export const SVC_PARAMS = {
  mandatory: 0,
  alpn: 1,
  noDefaultAlpn: 2,
  port: 3,
  ipv4hint: 4,
  ech: 5,
  ipv6hint: 6,
  /** Port of the plain HTTP endpoint of a homeserver on `localhost`, 2 bytes big-endian. */
  localHttpPort: 65280,
} as const
