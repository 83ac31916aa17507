import { parseIpv4, parseIpv6, type RecordData, SVC_PARAMS } from '@pubky/protocol'
import { DnsWriter } from '@pubky/protocol/dns/writer'
import { TYPE_ALIAS } from '../dns/codes.ts'
import { typeNumber } from './record-text.ts'
import type { Token } from './tokens.ts'

type Absolute = (name: string) => string

/**
 * The data of a record of a zone file; null when it does not fit the type. Throws what
 * `encodeDnsMessage` throws for malformed names and addresses.
 */
export function dataOf(type: string, tokens: readonly Token[], name: Absolute): RecordData | null {
  const texts = tokens.map(({ text }) => text)
  const [first = '', second = ''] = texts
  const has = (count: number) => texts.length === count
  switch (type.toUpperCase()) {
    case 'A':
      return has(1) && parseIpv4(first) ? { type: 'A', address: first } : null
    case 'AAAA':
      return has(1) && parseIpv6(first) ? { type: 'AAAA', address: first } : null
    case 'CNAME':
      return has(1) ? { type: 'CNAME', target: name(first) } : null
    case 'NS':
      return has(1) ? { type: 'NS', target: name(first) } : null
    case 'PTR':
      return has(1) ? { type: 'PTR', target: name(first) } : null
    case 'ALIAS':
      return has(1) ? { type: 'unknown', code: TYPE_ALIAS, bytes: wireName(name(first)) } : null
    case 'MX':
      return has(2) && isNumber(first)
        ? { type: 'MX', preference: Number(first), exchange: name(second) }
        : null
    case 'TXT':
      return texts.length > 0 ? { type: 'TXT', strings: tokens.map(({ bytes }) => bytes) } : null
    case 'SRV': {
      const [priority, weight, port] = texts.slice(0, 3).map(Number)
      if (!has(4) || !texts.slice(0, 3).every(isNumber)) return null
      const target = name(texts[3] ?? '')
      return { type: 'SRV', priority: priority ?? 0, weight: weight ?? 0, port: port ?? 0, target }
    }
    case 'HTTPS':
    case 'SVCB': {
      if (texts.length < 2 || !isNumber(first)) return null
      const params = paramsOf(texts.slice(2))
      const kind = type.toUpperCase() === 'HTTPS' ? 'HTTPS' : 'SVCB'
      return params && { type: kind, priority: Number(first), target: name(second), params }
    }
    case 'SOA':
      return soaOf(texts, name)
    default:
      return opaque(type, texts)
  }
}

const isNumber = (text: string) => /^\d{1,5}$/.test(text)

function wireName(target: string): Uint8Array {
  const writer = new DnsWriter()
  writer.plainName(target)
  return writer.finish()
}

function soaOf(texts: readonly string[], name: Absolute): RecordData | null {
  const [mname = '', rname = '', ...numbers] = texts
  const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = numbers.map(Number)
  if (numbers.length !== 5 || !numbers.every((text) => /^\d{1,10}$/.test(text))) return null
  const times = { serial, refresh, retry, expire, minimum }
  return { type: 'SOA', mname: name(mname), rname: name(rname), ...times }
}

/** `\# LENGTH HEX` (RFC 3597). */
function opaque(type: string, [mark, length, ...hex]: readonly string[]): RecordData | null {
  const code = typeNumber(type)
  const bytes = Buffer.from(hex.join(''), 'hex')
  if (code === null || mark !== '\\#' || Number(length) !== bytes.length) return null
  return { type: 'unknown', code, bytes: Uint8Array.from(bytes) }
}

const PARAM_KEYS: Readonly<Record<string, number>> = {
  alpn: SVC_PARAMS.alpn,
  port: SVC_PARAMS.port,
  ipv4hint: SVC_PARAMS.ipv4hint,
  ipv6hint: SVC_PARAMS.ipv6hint,
}

/** Parameters as `port=443 alpn=h2,h3 key65280=6286`; a number under `keyN` is two bytes long. */
function paramsOf(texts: readonly string[]): Map<number, Uint8Array> | null {
  const params = new Map<number, Uint8Array>()
  for (const text of texts) {
    const [, name = '', value = ''] = /^([a-z0-9-]+)=(.*)$/.exec(text) ?? []
    const key = PARAM_KEYS[name] ?? Number(/^key(\d{1,5})$/.exec(name)?.[1] ?? Number.NaN)
    const bytes = paramValue(key, value)
    if (!bytes || params.has(key)) return null
    params.set(key, bytes)
  }
  return params
}

function paramValue(key: number, value: string): Uint8Array | null {
  const parts = value.split(',')
  switch (key) {
    case SVC_PARAMS.alpn:
      // A length of one byte stands before each, and nobody has a name of none (RFC 7301).
      if (parts.some((part) => part === '' || Buffer.byteLength(part) > 255)) return null
      return Uint8Array.from(
        parts.flatMap((part) => [Buffer.byteLength(part), ...Buffer.from(part)]),
      )
    case SVC_PARAMS.ipv4hint:
      return Uint8Array.from(parts.flatMap((part) => [...parseIpv4(part)]))
    case SVC_PARAMS.ipv6hint:
      return Uint8Array.from(parts.flatMap((part) => [...parseIpv6(part)]))
    default: {
      if (!(key >= 0 && key <= 65_535) || !isNumber(value) || Number(value) > 65_535) return null
      return Uint8Array.of(Number(value) >> 8, Number(value) & 0xff)
    }
  }
}
