import type { Random } from '../random.ts'

/** Bytes at which parsers take other ways. */
const EDGES = [0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff, 0x30, 0x3a, 0x64, 0x65, 0x69, 0x6c]
const MAX_BYTES = 4096

/** A message that was right once: up to eight small wrongs, sometimes a piece of another one. */
export function mutate(corpus: readonly Buffer[], random: Random): Buffer {
  let bytes = Buffer.from(random.pick(corpus) ?? Buffer.alloc(0))
  for (let left = random.below(8); left >= 0; left--) {
    const at = random.below(bytes.length + 1)
    switch (random.below(8)) {
      case 0:
        bytes[at] = random.below(256)
        break
      case 1:
        bytes[at] = EDGES[random.below(EDGES.length)] ?? 0
        break
      case 2:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
        break
      case 3:
        bytes = bytes.subarray(0, at)
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))])
        break
      case 5: {
        const other = random.pick(corpus) ?? bytes
        const from = random.below(other.length)
        const piece = other.subarray(from, from + random.below(64))
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
        break
      }
      case 6: {
        const piece = bytes.subarray(at, at + random.below(128))
        bytes = Buffer.concat([bytes, piece, piece])
        break
      }
      default:
        // Counts and lengths of both protocols are two bytes or digits.
        if (at + 2 <= bytes.length) bytes.writeUInt16BE(random.below(65_536), at)
    }
  }
  return bytes.subarray(0, MAX_BYTES)
}
