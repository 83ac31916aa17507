import { ProtocolError } from '../errors.ts'
import { type Labels, MAX_NAME_BYTES } from './names.ts'

const POINTER = 0xc0
/** Pointers followed per name; a real name needs one, a legal one at most its count of labels. */
const MAX_POINTERS = 127

/** A cursor over a DNS message; every read checks bounds and throws `dns_malformed`. */
export class DnsReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  take(length: number): Uint8Array {
    if (length > this.remaining) throw malformed('ends too early')
    const at = this.position
    this.position += length
    return this.bytes.slice(at, this.position)
  }

  uint8(): number {
    if (this.remaining < 1) throw malformed('ends too early')
    return this.bytes[this.position++] ?? 0
  }

  uint16(): number {
    return this.uint8() * 0x100 + this.uint8()
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16()
  }

  /** A view on the next `length` bytes that still sees the whole message, for pointers. */
  window(length: number): DnsReader {
    if (length > this.remaining) throw malformed('has a record that ends too late')
    const view = new DnsReader(this.bytes, this.position, this.position + length)
    this.position += length
    return view
  }

  /** A name with its pointers followed. Pointers only go backwards, so this always ends. */
  name(): Labels {
    const labels: Uint8Array[] = []
    let total = 1
    let at = this.position
    let limit = this.end
    let segment = at
    let jumps = 0
    for (;;) {
      if (at >= limit) throw malformed('has a name that ends too early')
      const length = this.bytes[at] ?? 0
      if ((length & POINTER) === POINTER) {
        if (at + 1 >= limit) throw malformed('has a name that ends too early')
        const target = ((length & 0x3f) << 8) | (this.bytes[at + 1] ?? 0)
        if (target >= segment) throw malformed('has a name pointer that does not go back')
        if (jumps === 0) this.position = at + 2
        if (++jumps > MAX_POINTERS) throw malformed('has a name with too many pointers')
        at = target
        segment = target
        limit = this.bytes.length
        continue
      }
      if (length & POINTER) throw malformed('has a label of an unknown kind')
      at++
      if (length === 0) break
      if (at + length > limit) throw malformed('has a name that ends too early')
      total += length + 1
      if (total > MAX_NAME_BYTES) throw malformed('has a name above 255 bytes')
      labels.push(this.bytes.slice(at, at + length))
      at += length
    }
    if (jumps === 0) this.position = at
    return labels
  }
}

export function malformed(detail: string): ProtocolError {
  return new ProtocolError('dns_malformed', `The DNS message ${detail}.`)
}
