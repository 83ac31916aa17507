/** How much of the first chunk is looked at. */
export const SNIFFED_BYTES = 512

interface Mark {
  type: string
  /** Latin-1 text at an offset, all of which must be there. */
  at: readonly (readonly [offset: number, bytes: string])[]
}

function mark(type: string, bytes: string, offset = 0, ...more: Mark['at']): Mark {
  return { type, at: [[offset, bytes], ...more] }
}

const MARKS: readonly Mark[] = [
  mark('image/png', '\x89PNG\r\n\x1a\n'),
  mark('image/jpeg', '\xff\xd8\xff'),
  mark('image/gif', 'GIF8'),
  mark('image/webp', 'RIFF', 0, [8, 'WEBP']),
  mark('image/bmp', 'BM', 0, [6, '\0\0\0\0']),
  mark('image/tiff', 'II*\0'),
  mark('image/tiff', 'MM\0*'),
  mark('image/x-icon', '\0\0\x01\0'),
  mark('image/vnd.adobe.photoshop', '8BPS'),
  mark('image/jxl', '\0\0\0\x0cJXL '),
  mark('image/avif', 'ftypavif', 4),
  mark('image/heic', 'ftypheic', 4),
  mark('image/heif', 'ftypmif1', 4),
  mark('video/quicktime', 'ftypqt', 4),
  mark('audio/mp4', 'ftypM4A', 4),
  mark('video/mp4', 'ftyp', 4),
  mark('video/webm', '\x1aE\xdf\xa3'),
  mark('video/x-msvideo', 'RIFF', 0, [8, 'AVI ']),
  mark('video/x-flv', 'FLV\x01'),
  mark('video/mpeg', '\0\0\x01\xba'),
  mark('audio/x-wav', 'RIFF', 0, [8, 'WAVE']),
  mark('audio/midi', 'MThd'),
  mark('audio/mpeg', 'ID3'),
  mark('audio/mpeg', '\xff\xfb'),
  mark('audio/mpeg', '\xff\xf3'),
  mark('audio/aac', '\xff\xf1'),
  mark('audio/aac', '\xff\xf9'),
  mark('audio/ogg', 'OggS'),
  mark('audio/x-flac', 'fLaC'),
  mark('application/pdf', '%PDF-'),
  mark('application/epub+zip', 'PK\x03\x04', 0, [30, 'mimetypeapplication/epub+zip']),
  mark('application/zip', 'PK\x03\x04'),
  mark('application/zip', 'PK\x05\x06'),
  mark('application/gzip', '\x1f\x8b\x08'),
  mark('application/x-bzip2', 'BZh'),
  mark('application/x-xz', '\xfd7zXZ\0'),
  mark('application/zstd', '\x28\xb5\x2f\xfd'),
  mark('application/x-7z-compressed', "7z\xbc\xaf'\x1c"),
  mark('application/vnd.rar', 'Rar!\x1a\x07'),
  mark('application/x-tar', 'ustar', 257),
  mark('application/vnd.sqlite3', 'SQLite format 3\0'),
  mark('application/wasm', '\0asm'),
  mark('application/x-executable', '\x7fELF'),
  mark('application/rtf', '{\\rtf'),
  mark('font/woff', 'wOFF'),
  mark('font/woff2', 'wOF2'),
  mark('font/otf', 'OTTO'),
]

/** Those that a body may have that begins with a byte. */
const BY_FIRST_BYTE = Array.from({ length: 256 }, (_, byte) =>
  MARKS.filter(({ at }) =>
    at.every(([offset, bytes]) => offset > 0 || bytes.charCodeAt(0) === byte),
  ),
)

const HTML_TAGS =
  'html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|meta|link|img|object|embed|form'
/** What browsers would take for HTML, after blanks and comments. */
const HTML = new RegExp(`^<(?:!doctype html|(?:${HTML_TAGS})(?:[\\s/>]|$))`, 'i')
/** Written so that a comment can end in one place only: a pattern that may go on would take for ever. */
const COMMENT = '<!--(?:(?!-->)[\\s\\S])*-->'
const COMMENTS = new RegExp(`^(?:${COMMENT}|\\s)+`)
const SVG = new RegExp(`^(?:<\\?xml[^>]*>|<!doctype svg[^>]*>|${COMMENT}|\\s)*<svg[\\s/>]`, 'i')

/** Markup begins after a byte order mark, blanks and comments. */
function sniffMarkup(head: string): string | null {
  const start = head.replace(/^(?:\xef\xbb\xbf)?\s*/, '')
  if (!start.startsWith('<')) return null
  if (SVG.test(start)) return 'image/svg+xml'
  if (/^<\?xml\s/i.test(start)) return 'text/xml'
  return HTML.test(start.replace(COMMENTS, '')) ? 'text/html' : null
}

/** The type that the first bytes of a body give away, else null. */
export function sniff(first: Uint8Array): string | null {
  const length = Math.min(first.length, SNIFFED_BYTES)
  const head = Buffer.from(first.buffer, first.byteOffset, length).toString('latin1')
  for (const { type, at } of BY_FIRST_BYTE[first[0] ?? 0] ?? [])
    if (at.every(([offset, bytes]) => head.startsWith(bytes, offset))) return type
  return sniffMarkup(head)
}
