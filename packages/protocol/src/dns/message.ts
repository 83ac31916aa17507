import { ProtocolError } from '../errors.ts'
import { formatName } from './names.ts'
import { readData, typeCode, unsigned, writeData } from './rdata.ts'
import { DnsReader, malformed } from './reader.ts'
import type { DnsMessage, DnsQuestion, ResourceRecord } from './records.ts'
import { DnsWriter } from './writer.ts'

const CLASS_IN = 1
/** Classes that the official readers know (spec/discovery.md 1.3). */
const CLASSES: ReadonlySet<number> = new Set([1, 2, 3, 4, 254])
/** mDNS's cache-flush bit, masked off by readers. */
const CACHE_FLUSH = 0x8000
/** The reserved Z bit of the header; readers refuse a message that sets it. */
const FLAG_RESERVED = 0x0040
const TYPE_OPT = 41

/**
 * Writes a DNS message with the compression of the official encoder, so that equal records give
 * equal bytes (spec/discovery.md 1.3). Throws `dns_name_invalid`, `dns_record_invalid` or
 * `dns_message_too_large`.
 */
export function encodeDnsMessage(message: Partial<DnsMessage>): Uint8Array {
  const { questions = [], answers = [], authorities = [], additionals = [] } = message
  const writer = new DnsWriter()
  writer.uint16(unsigned(message.id ?? 0, 16))
  const flags = unsigned(message.flags ?? 0, 16)
  if (flags & FLAG_RESERVED) throw unwritable('sets a reserved flag')
  writer.uint16(flags)
  for (const section of [questions, answers, authorities, additionals]) {
    writer.uint16(unsigned(section.length, 16))
  }
  for (const question of questions) {
    writer.compressedName(question.name)
    writer.uint16(unsigned(question.type, 16))
    writer.uint16(unsigned(question.class, 16))
  }
  for (const record of [...answers, ...authorities, ...additionals]) writeRecord(writer, record)
  return writer.finish()
}

function writeRecord(writer: DnsWriter, record: ResourceRecord): void {
  const code = unsigned(typeCode(record.data), 16)
  const recordClass = unsigned(record.class ?? CLASS_IN, 16)
  if (code !== TYPE_OPT && !CLASSES.has(recordClass)) throw unwritable('has an unknown class')
  writer.compressedName(record.name)
  writer.uint16(code)
  writer.uint16(recordClass)
  writer.uint32(unsigned(record.ttl, 32))
  writer.sized(() => writeData(writer, record.data))
}

function unwritable(detail: string): ProtocolError {
  return new ProtocolError('dns_record_invalid', `The DNS message ${detail}.`)
}

/** Reads a DNS message as strictly as the official readers do. Throws `dns_malformed`. */
export function decodeDnsMessage(bytes: Uint8Array): DnsMessage {
  const reader = new DnsReader(bytes)
  const id = reader.uint16()
  const flags = reader.uint16()
  if (flags & FLAG_RESERVED) throw malformed('sets a reserved flag')
  const counts = [reader.uint16(), reader.uint16(), reader.uint16(), reader.uint16()] as const
  const questions = list(counts[0], () => readQuestion(reader))
  const answers = list(counts[1], () => readRecord(reader))
  const authorities = list(counts[2], () => readRecord(reader))
  const additionals = list(counts[3], () => readRecord(reader))
  return { id, flags, questions, answers, authorities, additionals }
}

function list<T>(count: number, read: () => T): T[] {
  const items: T[] = []
  for (let at = 0; at < count; at++) items.push(read())
  return items
}

function readQuestion(reader: DnsReader): DnsQuestion {
  return { name: formatName(reader.name()), type: reader.uint16(), class: reader.uint16() }
}

function readRecord(reader: DnsReader): ResourceRecord {
  const name = formatName(reader.name())
  const code = reader.uint16()
  const wireClass = reader.uint16()
  const ttl = reader.uint32()
  const data = readData(code, reader.window(reader.uint16()))
  // The class field of EDNS's pseudo record carries a payload size instead.
  const recordClass = code === TYPE_OPT ? wireClass : wireClass & ~CACHE_FLUSH
  if (code !== TYPE_OPT && !CLASSES.has(recordClass)) throw malformed('has an unknown class')
  return recordClass === CLASS_IN ? { name, ttl, data } : { name, ttl, class: recordClass, data }
}
