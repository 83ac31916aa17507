import { ProtocolError } from '../errors.ts'
import { type Labels, parseName } from './names.ts'

/** Only offsets that fit the 14 bits of a pointer are remembered. */
const MAX_POINTER = 0x3fff
/** Longest message this writer builds: what a DNS message may be at all. */
const MAX_MESSAGE_BYTES = 65_535

/** Builds a DNS message. Name compression follows spec/discovery.md 1.3 byte for byte. */
export class DnsWriter {
  #bytes = new Uint8Array(512)
  #length = 0
  #seen = new Map<string, number>()

  get length(): number {
    return this.#length
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  uint8(value: number): void {
    this.raw([value])
  }

  uint16(value: number): void {
    this.raw([value >> 8, value & 0xff])
  }

  uint32(value: number): void {
    this.uint16(Math.floor(value / 0x10000))
    this.uint16(value % 0x10000)
  }

  raw(bytes: ArrayLike<number>): void {
    const needed = this.#length + bytes.length
    if (needed > MAX_MESSAGE_BYTES) {
      throw new ProtocolError(
        'dns_message_too_large',
        'The DNS message is larger than 65535 bytes.',
      )
    }
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = needed
  }

  /** Writes a name, replacing the longest suffix seen before by a pointer. */
  compressedName(text: string): void {
    const labels = parseName(text)
    for (let at = 0; at < labels.length; at++) {
      const suffix = suffixKey(labels, at)
      const seen = this.#seen.get(suffix)
      if (seen !== undefined) {
        this.uint16(0xc000 | seen)
        return
      }
      if (this.#length <= MAX_POINTER) this.#seen.set(suffix, this.#length)
      this.#label(labels[at])
    }
    this.uint8(0)
  }

  /** Writes a name in full and remembers nothing of it (RFC 9460 forbids pointers here). */
  plainName(text: string): void {
    for (const label of parseName(text)) this.#label(label)
    this.uint8(0)
  }

  /** Runs `body` behind a 16-bit length field that is filled in afterwards. */
  sized(body: () => void): void {
    const at = this.#length
    this.uint16(0)
    body()
    const length = this.#length - at - 2
    this.#bytes[at] = length >> 8
    this.#bytes[at + 1] = length & 0xff
  }

  #label(label: Uint8Array = new Uint8Array()): void {
    this.uint8(label.length)
    this.raw(label)
  }
}

function suffixKey(labels: Labels, from: number): string {
  return labels
    .slice(from)
    .map((label) => `${label.length}:${String.fromCharCode(...label)}`)
    .join('')
}
