/** A bencoded value. Integers are bigint, so that 64-bit sequence numbers keep every digit. */
export type Bencoded = bigint | Uint8Array | Bencoded[] | BencodedDict
export type BencodedDict = Map<string, Bencoded>

/** What the encoder takes; texts are written as UTF-8, undefined entries are left out. */
export type Encodable =
  | bigint
  | number
  | string
  | Uint8Array
  | readonly Encodable[]
  | { readonly [key: string]: Encodable | undefined }

const MAX_DEPTH = 8
const MAX_INTEGER_DIGITS = 20
const MAX_LENGTH_DIGITS = 5
const [INTEGER, LIST, DICT, END, COLON, MINUS, ZERO] = [0x69, 0x6c, 0x64, 0x65, 0x3a, 0x2d, 0x30]

/** Reads one value that fills all bytes; null when they are anything else. Never throws. */
export function decodeBencode(bytes: Uint8Array): Bencoded | null {
  // Not a Buffer, whose `slice` would share memory with the datagram.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const cursor = { bytes: view, at: 0 }
  const value = read(cursor, 0)
  return value !== null && cursor.at === bytes.length ? value : null
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

function read(cursor: Cursor, depth: number): Bencoded | null {
  if (depth > MAX_DEPTH) return null
  switch (cursor.bytes[cursor.at]) {
    case INTEGER:
      cursor.at++
      return readInteger(cursor)
    case LIST:
      cursor.at++
      return readList(cursor, depth)
    case DICT:
      cursor.at++
      return readDict(cursor, depth)
    default:
      return readString(cursor)
  }
}

function readInteger(cursor: Cursor): bigint | null {
  const { bytes } = cursor
  const negative = bytes[cursor.at] === MINUS
  if (negative) cursor.at++
  const digits = readDigits(cursor, MAX_INTEGER_DIGITS)
  if (digits === null || bytes[cursor.at++] !== END) return null
  const value = BigInt(digits)
  if (negative && value === 0n) return null
  return negative ? -value : value
}

function readString(cursor: Cursor): Uint8Array | null {
  const digits = readDigits(cursor, MAX_LENGTH_DIGITS)
  if (digits === null || cursor.bytes[cursor.at++] !== COLON) return null
  const end = cursor.at + Number(digits)
  if (end > cursor.bytes.length) return null
  const value = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end
  return value
}

function readDigits(cursor: Cursor, most: number): string | null {
  let text = ''
  for (;;) {
    const byte = cursor.bytes[cursor.at]
    if (byte === undefined || byte < ZERO || byte > ZERO + 9) break
    if (text.length === most) return null
    text += String.fromCharCode(byte)
    cursor.at++
  }
  return text === '' || (text.length > 1 && text.startsWith('0')) ? null : text
}

function readList(cursor: Cursor, depth: number): Bencoded[] | null {
  const list: Bencoded[] = []
  while (cursor.bytes[cursor.at] !== END) {
    const item = read(cursor, depth + 1)
    if (item === null) return null
    list.push(item)
  }
  cursor.at++
  return list
}

function readDict(cursor: Cursor, depth: number): BencodedDict | null {
  const dict: BencodedDict = new Map()
  while (cursor.bytes[cursor.at] !== END) {
    const key = readString(cursor)
    const value = key && read(cursor, depth + 1)
    if (key === null || value === null) return null
    const name = String.fromCharCode(...key)
    if (dict.has(name)) return null
    dict.set(name, value)
  }
  cursor.at++
  return dict
}

/** Writes a value, keys of dictionaries in the order of their bytes. */
export function encodeBencode(value: Encodable): Uint8Array {
  const parts: Uint8Array[] = []
  write(value, parts)
  return Buffer.concat(parts)
}

function write(value: Encodable, parts: Uint8Array[]): void {
  if (typeof value === 'number' || typeof value === 'bigint') {
    parts.push(Buffer.from(`i${value}e`))
  } else if (typeof value === 'string') {
    write(Buffer.from(value), parts)
  } else if (value instanceof Uint8Array) {
    parts.push(Buffer.from(`${value.length}:`), value)
  } else if (Array.isArray(value)) {
    parts.push(Buffer.from('l'))
    for (const item of value as readonly Encodable[]) write(item, parts)
    parts.push(Buffer.from('e'))
  } else {
    parts.push(Buffer.from('d'))
    const dict = value as { readonly [key: string]: Encodable | undefined }
    for (const key of Object.keys(dict).sort()) {
      const item = dict[key]
      if (item === undefined) continue
      write(key, parts)
      write(item, parts)
    }
    parts.push(Buffer.from('e'))
  }
}
