import { type Contact, decodeContacts, ID_BYTES } from '../contact.ts'
import { type Bencoded, type BencodedDict, decodeBencode } from './bencode.ts'

/** Queries that bittorrent-dht answers itself. */
export type LibraryQuery =
  | { q: 'ping' }
  | { q: 'find_node'; target: Uint8Array }
  | { q: 'get_peers'; infoHash: Uint8Array }
  | { q: 'announce_peer'; infoHash: Uint8Array; port: number; implied: boolean; token: Uint8Array }

/** Queries that this package answers (spec/discovery.md 6.1). */
export type ItemQuery =
  | { q: 'get'; target: Uint8Array; seq: bigint | null }
  | {
      q: 'put'
      token: Uint8Array
      key: Uint8Array
      sig: Uint8Array
      seq: bigint
      value: Uint8Array
      cas: bigint | null
      /** Null for the items of keys alone, as packets are. */
      salt: Uint8Array | null
    }
  | { q: 'put-immutable'; token: Uint8Array; value: Uint8Array }

export interface Query {
  kind: 'query'
  /** Echoed as it came, whatever its width. */
  t: Uint8Array
  id: Uint8Array
  readOnly: boolean
  body: LibraryQuery | ItemQuery
}

/** An answer whose fields have been checked, absent ones as null. */
export interface Answer {
  kind: 'answer'
  t: Uint8Array
  id: Uint8Array
  token: Uint8Array | null
  nodes: Contact[]
  values: Uint8Array[]
  seq: bigint | null
  item: { key: Uint8Array; sig: Uint8Array; seq: bigint; value: Uint8Array } | null
}

export interface Refusal {
  kind: 'refusal'
  t: Uint8Array
  code: number
  text: string
}

/** A query that is to be refused with a code, because its arguments are wrong. */
export interface BadQuery {
  kind: 'bad-query'
  t: Uint8Array
  code: number
  text: string
}

const MAX_TRANSACTION_BYTES = 32
const MAX_TOKEN_BYTES = 64
const MAX_CONTACTS = 40
const MAX_TEXT = 120
const MAX_VALUE_BYTES = 1000
const MAX_INT64 = 2n ** 63n - 1n

/** Reads a datagram. Null when it deserves no reply. Never throws. */
export function parseMessage(bytes: Uint8Array): Query | Answer | Refusal | BadQuery | null {
  const top = decodeBencode(bytes)
  if (!(top instanceof Map)) return null
  const t = top.get('t')
  if (!(t instanceof Uint8Array) || t.length === 0 || t.length > MAX_TRANSACTION_BYTES) return null
  const readOnly = top.get('ro') === 1n
  switch (text(top.get('y'))) {
    case 'q':
      return parseQuery(top, t, readOnly)
    case 'r':
      return readOnly ? null : parseAnswer(top.get('r'), t)
    case 'e':
      return parseRefusal(top.get('e'), t)
    default:
      return null
  }
}

function parseQuery(top: BencodedDict, t: Uint8Array, readOnly: boolean): Query | BadQuery {
  const a = top.get('a')
  const bad = (code: number, message: string): BadQuery => ({
    kind: 'bad-query',
    t,
    code,
    text: message,
  })
  if (!(a instanceof Map)) return bad(203, 'missing arguments')
  const id = sized(a.get('id'), ID_BYTES)
  if (!id) return bad(203, 'invalid id')
  const body = parseBody(text(top.get('q')), a)
  if (typeof body === 'string') return bad(203, body)
  if (Array.isArray(body)) return bad(...body)
  return { kind: 'query', t, id, readOnly, body }
}

function parseBody(
  q: string | null,
  a: BencodedDict,
): Query['body'] | string | [code: number, text: string] {
  switch (q) {
    case 'ping':
      return { q }
    case 'find_node': {
      const target = sized(a.get('target'), ID_BYTES)
      return target ? { q, target } : 'invalid target'
    }
    case 'get_peers': {
      const infoHash = sized(a.get('info_hash'), ID_BYTES)
      return infoHash ? { q, infoHash } : 'invalid info_hash'
    }
    case 'announce_peer': {
      const infoHash = sized(a.get('info_hash'), ID_BYTES)
      const token = upTo(a.get('token'), MAX_TOKEN_BYTES)
      const port = a.get('port') ?? 0n
      if (!infoHash || !token || typeof port !== 'bigint') return 'invalid arguments'
      if (port < 0n || port > 65_535n) return 'invalid port'
      return { q, infoHash, token, port: Number(port), implied: a.get('implied_port') === 1n }
    }
    case 'get': {
      const target = sized(a.get('target'), ID_BYTES)
      const seq = a.get('seq') ?? null
      if (!target || (seq !== null && typeof seq !== 'bigint')) return 'invalid arguments'
      return { q, target, seq }
    }
    case 'put':
      return parsePut(a)
    default:
      return [204, 'method unknown']
  }
}

function parsePut(a: BencodedDict): ItemQuery | string | [code: number, text: string] {
  const value = a.get('v')
  if (value instanceof Uint8Array && value.length > MAX_VALUE_BYTES) return [205, 'v too big']
  const salt = a.get('salt')
  if (salt instanceof Uint8Array && salt.length > 64) return [207, 'salt too big']
  const token = upTo(a.get('token'), MAX_TOKEN_BYTES)
  const key = sized(a.get('k'), 32)
  const sig = sized(a.get('sig'), 64)
  const seq = a.get('seq')
  const cas = a.get('cas') ?? null
  if (!token) return 'invalid token'
  if (!(value instanceof Uint8Array)) return 'only strings are stored here'
  if (['k', 'sig', 'seq'].every((name) => a.get(name) === undefined))
    return { q: 'put-immutable', token, value }
  if (!key || !sig || (salt !== undefined && !(salt instanceof Uint8Array)))
    return 'invalid arguments'
  if (!isSeq(seq) || (cas !== null && typeof cas !== 'bigint')) return 'invalid arguments'
  return { q: 'put', token, key, sig, seq, value, cas, salt: salt?.length ? salt : null }
}

function parseAnswer(r: Bencoded | undefined, t: Uint8Array): Answer | null {
  if (!(r instanceof Map)) return null
  const id = sized(r.get('id'), ID_BYTES)
  if (!id) return null
  const nodes = r.get('nodes')
  const values = r.get('values')
  const [key, sig] = [sized(r.get('k'), 32), sized(r.get('sig'), 64)]
  const [seq, value] = [r.get('seq'), r.get('v')]
  const isItem = key && sig && isSeq(seq) && value instanceof Uint8Array
  return {
    kind: 'answer',
    t,
    id,
    token: upTo(r.get('token'), MAX_TOKEN_BYTES),
    nodes: nodes instanceof Uint8Array ? decodeContacts(nodes).slice(0, MAX_CONTACTS) : [],
    values: Array.isArray(values) ? values.flatMap((peer) => sized(peer, 6) ?? []) : [],
    seq: isSeq(seq) ? seq : null,
    item: isItem && value.length <= MAX_VALUE_BYTES ? { key, sig, seq, value } : null,
  }
}

function parseRefusal(e: Bencoded | undefined, t: Uint8Array): Refusal | null {
  if (!Array.isArray(e)) return null
  const [code, message] = e
  if (typeof code !== 'bigint' || code < 0n || code > 9999n) return null
  return { kind: 'refusal', t, code: Number(code), text: text(message)?.slice(0, MAX_TEXT) ?? '' }
}

function isSeq(value: Bencoded | undefined): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= MAX_INT64
}

function sized(value: Bencoded | undefined, length: number): Uint8Array | null {
  return value instanceof Uint8Array && value.length === length ? value : null
}

function upTo(value: Bencoded | undefined, most: number): Uint8Array | null {
  return value instanceof Uint8Array && value.length > 0 && value.length <= most ? value : null
}

function text(value: Bencoded | undefined): string | null {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : null
}
