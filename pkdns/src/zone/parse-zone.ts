import {
  encodeDnsMessage,
  MAX_PACKET_DNS_BYTES,
  normalizeOwner,
  ProtocolError,
  type PublicKeyZ32,
  type ResourceRecord,
} from '@pubky/protocol'
import { zoneError } from '../errors.ts'
import { dataOf } from './parse-data.ts'
import { typeNumber } from './record-text.ts'
import { type Entry, readEntries, type Token } from './tokens.ts'

/** TTL of records that name none, in seconds (spec/discovery.md 5.6). */
const DEFAULT_TTL_S = 300
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
const MAX_TTL_S = 2 ** 31 - 1

/**
 * Reads a zone file of a key: RFC 1035 without SOA, the origin being the key. Throws `zone_syntax`
 * or `zone_too_large`, with the line.
 *
 * @example
 * parseZone('@ 300 A 192.0.2.1\nwww CNAME @', key)
 */
export function parseZone(text: string, key: PublicKeyZ32): ResourceRecord[] {
  const records: ResourceRecord[] = []
  let state: State = { origin: key, ttl: DEFAULT_TTL_S, owner: key }
  for (const entry of readEntries(text)) {
    const first = entry.tokens[0]?.text ?? ''
    if (!entry.isIndented && first.startsWith('$')) {
      state = directive(entry, state)
      continue
    }
    const record = recordOf(entry, state, key)
    state = { ...state, owner: record.name }
    // The tool's own; the packet is its SOA.
    if (record.data.type !== 'SOA') records.push(record)
  }
  const { length } = encodeDnsMessage({ flags: 0x8000, answers: records })
  if (length > MAX_PACKET_DNS_BYTES)
    throw zoneError('zone_too_large', `the records take ${length} of ${MAX_PACKET_DNS_BYTES} bytes`)
  return records
}

interface State {
  origin: string
  ttl: number
  owner: string
}

function directive({ line, tokens }: Entry, state: State): State {
  const [name, value] = tokens.map(({ text }) => text)
  switch (name?.toUpperCase()) {
    case '$TTL': {
      const ttl = ttlOf(value ?? '')
      if (ttl === null) throw zoneError('zone_syntax', `line ${line}: $TTL wants seconds`)
      return { ...state, ttl }
    }
    case '$ORIGIN':
      return { ...state, origin: absolute(value ?? '', state.origin) }
    case '$INCLUDE':
      return state
    default:
      throw zoneError('zone_syntax', `line ${line}: ${name} is not known`)
  }
}

/** A number of seconds, or with units as in `1h30m`. */
function ttlOf(text: string): number | null {
  if (!/^(?:\d+|(?:\d+[smhdw])+)$/i.test(text)) return null
  const parts = [...text.matchAll(/(\d+)([smhdw]?)/gi)]
  const seconds = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit?.toLowerCase() || 's'] ?? 1),
    0,
  )
  return seconds <= MAX_TTL_S ? seconds : null
}

/** A name of the file as an absolute one, without the dot at its end. */
export function absolute(name: string, origin: string): string {
  if (name === '@' || name === '') return origin
  if (name === '.') return '.'
  return name.endsWith('.') ? name.slice(0, -1) : `${name}.${origin}`
}

function recordOf({ line, isIndented, tokens }: Entry, state: State, key: string): ResourceRecord {
  const rest = [...tokens]
  const owner = isIndented ? state.owner : absolute(rest.shift()?.text ?? '', state.origin)
  let ttl = state.ttl
  // TTL and class, in either order.
  for (let n = 0; n < 2; n++) {
    const next = rest[0]
    if (!next || next.isQuoted) break
    const seconds = ttlOf(next.text)
    if (seconds !== null) ttl = seconds
    else if (next.text.toUpperCase() !== 'IN') break
    rest.shift()
  }
  const type = rest.shift()?.text ?? ''
  try {
    const data = dataOf(type, rest as Token[], (name) => absolute(name, state.origin))
    if (!data) throw zoneError('zone_syntax', `line ${line}: ${problemOf(type)}`)
    const name = normalizeOwner(owner, key)
    if (name !== owner)
      throw zoneError('zone_syntax', `line ${line}: ${owner} is not below the key`)
    // Says what is wrong with this line, not with the whole.
    encodeDnsMessage({ answers: [{ name, ttl, data }] })
    return { name, ttl, data }
  } catch (cause) {
    if (cause instanceof ProtocolError)
      throw zoneError('zone_syntax', `line ${line}: ${cause.message}`, cause)
    throw cause
  }
}

function problemOf(type: string): string {
  if (type === '') return 'a record has no type'
  return typeNumber(type) === null
    ? `records of type ${type} are not known`
    : `the data of this ${type} record is wrong`
}
