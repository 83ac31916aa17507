const MAGIC: readonly [type: string, offset: number, bytes: string][] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/bmp', 0, 'BM'],
  ['image/tiff', 0, 'II*\0'],
  ['image/tiff', 0, 'MM\0*'],
  ['image/x-icon', 0, '\0\0\x01\0'],
  ['image/avif', 4, 'ftypavif'],
  ['image/heif', 4, 'ftypheic'],
  ['video/mp4', 4, 'ftyp'],
  ['video/webm', 0, '\x1aE\xdf\xa3'],
  ['video/x-msvideo', 8, 'AVI '],
  ['audio/mpeg', 0, 'ID3'],
  ['audio/mpeg', 0, '\xff\xfb'],
  ['audio/ogg', 0, 'OggS'],
  ['audio/x-flac', 0, 'fLaC'],
  ['audio/x-wav', 8, 'WAVE'],
  ['application/pdf', 0, '%PDF'],
  ['application/zip', 0, 'PK\x03\x04'],
  ['application/gzip', 0, '\x1f\x8b\x08'],
  ['application/x-7z-compressed', 0, "7z\xbc\xaf'\x1c"],
  ['application/wasm', 0, '\0asm'],
  ['font/woff2', 0, 'wOF2'],
]

const EXTENSIONS: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  md: 'text/markdown',
  json: 'application/json',
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  csv: 'text/csv',
  js: 'text/javascript',
  mjs: 'text/javascript',
  xml: 'text/xml',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  mp4: 'video/mp4',
  webm: 'video/webm',
  wasm: 'application/wasm',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  toml: 'application/toml',
}

export const OCTET_STREAM = 'application/octet-stream'

/** Longest prefix of a body that a signature is looked for in. */
export const MAGIC_BYTES = 16

/** By the first bytes where they tell, else by the extension (spec/homeserver.md 5.2). */
export function contentTypeOf(path: string, first: Uint8Array): string {
  const length = Math.min(first.length, MAGIC_BYTES)
  const head = Buffer.from(first.buffer, first.byteOffset, length).toString('latin1')
  for (const [type, offset, bytes] of MAGIC) if (head.startsWith(bytes, offset)) return type
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  const extension = dot < 0 ? '' : name.slice(dot + 1).toLowerCase()
  return Object.hasOwn(EXTENSIONS, extension)
    ? (EXTENSIONS[extension] ?? OCTET_STREAM)
    : OCTET_STREAM
}

/** Types a browser may show in place; everything else is offered for download (design 7). */
export function isShownInline(type: string): boolean {
  if (type === 'image/svg+xml') return false
  return (
    /^(?:image|audio|video)\//.test(type) || type === 'application/json' || type === 'text/plain'
  )
}
