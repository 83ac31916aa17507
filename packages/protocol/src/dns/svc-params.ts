import { ProtocolError } from '../errors.ts'
import { type DnsReader, malformed } from './reader.ts'
import { SVC_PARAMS, type SvcParams } from './records.ts'

/**
 * Sorts parameters for the wire. Refuses an empty value at the end: older readers (SDK 0.6.0)
 * reject a whole packet with such a record (spec/discovery.md 1.3).
 */
export function checkParamsToWrite(params: SvcParams): [number, Uint8Array][] {
  const sorted = [...params].sort(([a], [b]) => a - b)
  for (const [key, value] of sorted) {
    if (!Number.isInteger(key) || key < 0 || key > 0xffff)
      throw invalid('a key is no 16-bit number')
    if (!isWellFormed(key, value)) throw invalid(`the value of key ${key} is malformed`)
  }
  if (sorted.at(-1)?.[1].length === 0) throw invalid('the last value must not be empty')
  return sorted
}

/** Reads parameters up to the end of the record: keys strictly increasing, known values typed. */
export function readParams(window: DnsReader): SvcParams {
  const params = new Map<number, Uint8Array>()
  let previous = -1
  while (window.remaining > 0) {
    const key = window.uint16()
    if (key <= previous) throw malformed('has SVCB parameters out of order')
    previous = key
    const value = window.take(window.uint16())
    if (!isWellFormed(key, value)) throw malformed(`has a malformed SVCB parameter ${key}`)
    params.set(key, value)
  }
  return params
}

function isWellFormed(key: number, value: Uint8Array): boolean {
  switch (key) {
    case SVC_PARAMS.mandatory:
      return value.length % 2 === 0
    case SVC_PARAMS.alpn:
      return isStringList(value)
    case SVC_PARAMS.noDefaultAlpn:
      return value.length === 0
    case SVC_PARAMS.port:
      return value.length === 2
    case SVC_PARAMS.ipv4hint:
      return value.length % 4 === 0
    case SVC_PARAMS.ech:
      return value.length >= 2 && (value[0] ?? 0) * 256 + (value[1] ?? 0) === value.length - 2
    case SVC_PARAMS.ipv6hint:
      return value.length % 16 === 0
    default:
      return true
  }
}

function isStringList(value: Uint8Array): boolean {
  let at = 0
  while (at < value.length) at += 1 + (value[at] ?? 0)
  return at === value.length
}

/** A 16-bit number as a parameter value. Throws `dns_record_invalid`. */
export function portValue(port: number): Uint8Array {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw invalid('a port is out of range')
  return Uint8Array.of(port >> 8, port & 0xff)
}

/** The 16-bit number of parameter `key`, or null when it is absent or not two bytes long. */
export function portParam(params: SvcParams, key: number): number | null {
  const value = params.get(key)
  return value?.length === 2 ? (value[0] ?? 0) * 256 + (value[1] ?? 0) : null
}

function invalid(detail: string): ProtocolError {
  return new ProtocolError('dns_record_invalid', `The SVCB record cannot be written: ${detail}.`)
}
