import { ProtocolError } from '../errors.ts'

/** A name on the wire: its labels in order, root last and not written. */
export type Labels = readonly Uint8Array[]

/** Longest label, in bytes (RFC 1035 2.3.4). */
export const MAX_LABEL_BYTES = 63
/** Longest name that readers accept, length bytes and root included (spec/discovery.md 1.3). */
export const MAX_NAME_BYTES = 255
/** Longest name that writers build: one byte less, so that every official reader accepts it. */
const MAX_WRITTEN_NAME_BYTES = 254

const DOT = 0x2e
const BACKSLASH = 0x5c

/**
 * The text of a name. Bytes that are not printable ASCII, dots inside labels and backslashes are
 * escaped as in master files (`\.`, `\\`, `\032`), so that any name survives the round trip.
 * The root is `.`; no other name has a trailing dot.
 */
export function formatName(labels: Labels): string {
  if (labels.length === 0) return '.'
  return labels.map(formatLabel).join('.')
}

function formatLabel(label: Uint8Array): string {
  let text = ''
  for (const byte of label) {
    if (byte === DOT || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\${byte.toString().padStart(3, '0')}`
  }
  return text
}

/** Reads the text of a name; one trailing dot is allowed. Throws `dns_name_invalid`. */
export function parseName(text: string): Labels {
  if (text === '.' || text === '') return []
  const labels: Uint8Array[] = []
  let label: number[] = []
  let total = 1
  const close = () => {
    if (label.length === 0) throw invalid('has an empty label')
    if (label.length > MAX_LABEL_BYTES) throw invalid('has a label above 63 bytes')
    total += label.length + 1
    if (total > MAX_WRITTEN_NAME_BYTES) throw invalid('is longer than 254 bytes')
    labels.push(Uint8Array.from(label))
    label = []
  }
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      close()
      if (at === text.length - 1) return labels
    } else if (code === BACKSLASH) {
      const sequence = /^(?:[0-9]{3}|[^0-9])/.exec(text.slice(at + 1, at + 4))?.[0]
      if (sequence === undefined) throw invalid('has a broken escape')
      const byte = sequence.length === 3 ? Number(sequence) : sequence.charCodeAt(0)
      if (byte > 0xff) throw invalid('has a broken escape')
      label.push(byte)
      at += sequence.length
    } else if (code > 0x20 && code < 0x7f) {
      label.push(code)
    } else {
      throw invalid('has a character that needs an escape')
    }
  }
  close()
  return labels
}

/**
 * Makes an owner name absolute below `origin` (spec/discovery.md 1.3): `@`, `.` and the empty text
 * mean the apex, a name that ends in the origin stays, anything else is put below it.
 */
export function normalizeOwner(name: string, origin: string): string {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const last = bare.slice(bare.lastIndexOf('.') + 1)
  if (last === origin) return bare
  if (last === '@' || last === '') return origin
  return `${bare}.${origin}`
}

function invalid(detail: string): ProtocolError {
  return new ProtocolError('dns_name_invalid', `The DNS name ${detail}.`)
}
