import { ProtocolError } from '../errors.ts'
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './addresses.ts'
import { formatName } from './names.ts'
import { type DnsReader, malformed } from './reader.ts'
import { DNS_TYPES, type RecordData } from './records.ts'
import { checkParamsToWrite, readParams } from './svc-params.ts'
import type { DnsWriter } from './writer.ts'

const KNOWN_CODES: ReadonlySet<number> = new Set(Object.values(DNS_TYPES))

/** Number of the type of a record. */
export function typeCode(data: RecordData): number {
  return data.type === 'unknown' ? data.code : DNS_TYPES[data.type]
}

/** Writes the data of a record (without its length). */
export function writeData(writer: DnsWriter, data: RecordData): void {
  switch (data.type) {
    case 'A':
      writer.raw(parseIpv4(data.address))
      return
    case 'AAAA':
      writer.raw(parseIpv6(data.address))
      return
    case 'CNAME':
    case 'NS':
    case 'PTR':
      writer.compressedName(data.target)
      return
    case 'MX':
      writer.uint16(unsigned(data.preference, 16))
      writer.compressedName(data.exchange)
      return
    case 'TXT':
      if (data.strings.length === 0) throw invalid('a TXT record needs a string')
      for (const text of data.strings) {
        if (text.length > 255) throw invalid('a TXT string is longer than 255 bytes')
        writer.uint8(text.length)
        writer.raw(text)
      }
      return
    case 'SVCB':
    case 'HTTPS':
      writer.uint16(unsigned(data.priority, 16))
      writer.plainName(data.target)
      for (const [key, value] of checkParamsToWrite(data.params)) {
        writer.uint16(key)
        writer.sized(() => writer.raw(value))
      }
      return
    case 'SRV':
      for (const value of [data.priority, data.weight, data.port])
        writer.uint16(unsigned(value, 16))
      writer.plainName(data.target)
      return
    case 'SOA':
      writer.compressedName(data.mname)
      writer.compressedName(data.rname)
      for (const value of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) {
        writer.uint32(unsigned(value, 32))
      }
      return
    case 'unknown':
      if (KNOWN_CODES.has(data.code)) throw invalid(`type ${data.code} has a form of its own`)
      writer.raw(data.bytes)
      return
  }
}

/** Reads the data of a record; `window` spans exactly its RDATA. */
export function readData(code: number, window: DnsReader): RecordData {
  const data = readTyped(code, window)
  if (window.remaining > 0) throw malformed('has a record with surplus data')
  return data
}

function readTyped(code: number, window: DnsReader): RecordData {
  const name = () => formatName(window.name())
  switch (code) {
    case DNS_TYPES.A:
      return { type: 'A', address: formatIpv4(window.take(4)) }
    case DNS_TYPES.AAAA:
      return { type: 'AAAA', address: formatIpv6(window.take(16)) }
    case DNS_TYPES.CNAME:
      return { type: 'CNAME', target: name() }
    case DNS_TYPES.NS:
      return { type: 'NS', target: name() }
    case DNS_TYPES.PTR:
      return { type: 'PTR', target: name() }
    case DNS_TYPES.MX:
      return { type: 'MX', preference: window.uint16(), exchange: name() }
    case DNS_TYPES.TXT: {
      const strings: Uint8Array[] = []
      while (window.remaining > 0) strings.push(window.take(window.uint8()))
      return { type: 'TXT', strings }
    }
    case DNS_TYPES.SVCB:
    case DNS_TYPES.HTTPS: {
      const type = code === DNS_TYPES.HTTPS ? 'HTTPS' : 'SVCB'
      const priority = window.uint16()
      return { type, priority, target: name(), params: readParams(window) }
    }
    case DNS_TYPES.SRV: {
      const [priority, weight, port] = [window.uint16(), window.uint16(), window.uint16()]
      return { type: 'SRV', priority, weight, port, target: name() }
    }
    case DNS_TYPES.SOA: {
      const [mname, rname] = [name(), name()]
      const [serial, refresh, retry] = [window.uint32(), window.uint32(), window.uint32()]
      const [expire, minimum] = [window.uint32(), window.uint32()]
      return { type: 'SOA', mname, rname, serial, refresh, retry, expire, minimum }
    }
    default:
      return { type: 'unknown', code, bytes: window.take(window.remaining) }
  }
}

/** The value itself when it is an unsigned integer of that many bits; else `dns_record_invalid`. */
export function unsigned(value: number, bits: 16 | 32): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw invalid(`${value} is no unsigned ${bits}-bit number`)
  }
  return value
}

function invalid(detail: string): ProtocolError {
  return new ProtocolError('dns_record_invalid', `The DNS record cannot be written: ${detail}.`)
}
