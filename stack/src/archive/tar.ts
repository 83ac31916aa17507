import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { StackError } from '../errors.ts'

// The plain tar format (POSIX ustar): blocks of 512 bytes, a header before each file, two empty
// blocks at the end. Sizes of 8 GiB and more are written in base 256, as GNU tar does.
const BLOCK = 512
const MAX_OCTAL_SIZE = 8 ** 11

export interface TarEntry {
  name: string
  size: number
}

/** Whether a name stays below the folder it is written to; the rule of writer and reader. */
function isSafeName(name: string): boolean {
  const isSafe = (part: string) => !/^\.{0,2}$/.test(part) && !/[\p{Cc}\\]/u.test(part)
  return name.split('/').every(isSafe)
}

function splitName(name: string): [name: string, prefix: string] {
  if (Buffer.byteLength(name) <= 100) return [name, '']
  for (let i = name.lastIndexOf('/'); i > 0; i = name.lastIndexOf('/', i - 1)) {
    const [rest, prefix] = [name.slice(i + 1), name.slice(0, i)]
    if (Buffer.byteLength(prefix) > 155) continue
    if (Buffer.byteLength(rest) > 100) break
    return [rest, prefix]
  }
  throw new StackError('backup_failed', `The name ${name} is too long for an archive.`)
}

function tarHeader({ name, size }: TarEntry): Buffer {
  if (!isSafeName(name)) {
    const text = `The name ${JSON.stringify(name)} cannot be in an archive: rename or remove the file.`
    throw new StackError('backup_failed', text)
  }
  const block = Buffer.alloc(BLOCK)
  const [rest, prefix] = splitName(name)
  block.write(rest, 0)
  block.write('0000600\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  if (size < MAX_OCTAL_SIZE) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else {
    block.writeUInt8(0x80, 124)
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write('0', 156)
  block.write('ustar\u000000', 257)
  block.write(prefix, 345)
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** Sum of the bytes, with blanks in place of the sum itself. */
function checksum(block: Buffer): number {
  return block.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0)
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? length : end).toString('utf8')
}

function broken(what: string): never {
  throw new StackError('archive_invalid', `The file is no whole backup: ${what}.`)
}

function parseHeader(block: Buffer): TarEntry | null {
  if (block.every((byte) => byte === 0)) return null
  if (Number.parseInt(text(block, 148, 8), 8) !== checksum(block)) broken('a header is damaged')
  if (block[156] !== 0x30) broken('it holds more than files')
  const isLarge = block[124] === 0x80
  const size = isLarge
    ? Number(block.readBigUInt64BE(128))
    : Number.parseInt(text(block, 124, 12), 8)
  if (!Number.isSafeInteger(size)) broken('a size is damaged')
  const prefix = text(block, 345, 155)
  const name = text(block, 0, 100)
  return { name: prefix ? `${prefix}/${name}` : name, size }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/** The bytes of an archive of files; `path` is read up to `size`, what is appended meanwhile is not. */
export async function* writeTar(
  files: Iterable<TarEntry & { path: string }>,
): AsyncGenerator<Uint8Array> {
  for (const { name, size, path } of files) {
    yield tarHeader({ name, size })
    let left = size
    if (size > 0)
      for await (const chunk of createReadStream(path, { end: size - 1 })) {
        left -= chunk.length
        yield chunk
      }
    if (left !== 0)
      throw new StackError('backup_failed', `${path} became shorter while it was read.`)
    yield Buffer.alloc(padding(size))
  }
  yield Buffer.alloc(2 * BLOCK)
}

/** Reads exact numbers of bytes from a stream of chunks. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done) broken('it ends too early')
    this.#rest =
      this.#rest.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#rest, next.value])
  }

  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) await this.#more()
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }

  async *pieces(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) await this.#more()
      const piece = await this.take(Math.min(left, this.#rest.length))
      left -= piece.length
      yield piece
    }
  }
}

/** Writes every file of an archive below `dir`. Names that lead elsewhere are refused. */
export async function extractTar(chunks: AsyncIterable<Uint8Array>, dir: string): Promise<void> {
  const reader = new ByteReader(chunks)
  for (;;) {
    const entry = parseHeader(await reader.take(BLOCK))
    if (!entry) return
    if (!isSafeName(entry.name)) broken(`it holds the name ${JSON.stringify(entry.name)}`)
    const path = join(dir, entry.name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await pipeline(reader.pieces(entry.size), createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    await reader.take(padding(entry.size))
  }
}
