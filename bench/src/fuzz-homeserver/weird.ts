import type { Random } from '../random.ts'

/** Pieces of paths at which readers of paths go wrong. */
const PIECES = [
  ...['%00', '%2e%2e', '%2E', '..', '.', '', '%2F', '%5C', '\\', '%', '%zz', '%c0%ae', '%ff'],
  ...['%0a', '%0d%0a', '%7f', 'é', '💖', '%F0%9F%92%96', '%E2%80%AE', '%EF%BB%BF', '%25', '%252e'],
  ...['~storage', '*', ';a=b', '#', 'a b', '%20', 'a'.repeat(260), 'x'.repeat(5000), '%ED%A0%80'],
  ...['pub', 'priv', 'storage', '/pub/', '/priv/', 'pubky.keys', 'pubky.keys/revoked', 'policy'],
  ...['__proto__', 'constructor', "'", '"', '$1', '{}', '[]', '<script>', '\u0001', '\u0000'],
]

/** Values of queries: numbers at their edges, cursors of every generation, and nonsense. */
const VALUES = [
  ...['', '0', '1', '-1', '00', '1000', '1001', '65535', '65536', '1e3', 'NaN', '99999999999'],
  ...['9223372036854775807', '9223372036854775808', '18446744073709551616', '0x10', ' 1', '１'],
  ...['true', 'false', 'yes', 'no', 'maybe', 'TRUE', 'null', 'undefined', '%00', '%', '%ff', '+'],
  ...['0000000000000', 'ZZZZZZZZZZZZZ', '8000000000000', '7ZZZZZZZZZZZZ', 'G000000000000'],
  ...['ILOUilou00000', '/pub/', '/priv/', 'pub/', '/', '//', '../', '/pub/%2e%2e/priv/', '/pub'],
  ...['pubky://', 'pubky:///pub/a', '/pub/a/b.txt', '/pub/%00', '/pub/\u0001', 'a'.repeat(3000)],
]

const NAMES = [
  ...[
    'limit',
    'cursor',
    'reverse',
    'shallow',
    'user',
    'path',
    'live',
    'pubky-host',
    'signup_token',
  ],
  ...['filter', 'search', '', '%00', '__proto__', 'limit[]', 'Limit'],
]

const HEADERS: readonly [string, readonly string[]][] = [
  [
    'origin',
    ['null', '', 'https://a.example', 'x'.repeat(400), 'é', 'a, b', 'chrome-extension://x'],
  ],
  ['accept', ['text/event-stream', '*/*', 'text/event-stream;q=0', ',', 'x'.repeat(2000)]],
  [
    'range',
    ['bytes=0-0', 'bytes=-1', 'bytes=5-1', 'bytes=0-99999999999999999999', 'bytes=0-1,2-3'],
  ],
  ['range', ['bytes=', 'lines=1-2', 'bytes=--1', 'bytes=18446744073709551616-', 'bytes=0-, -1']],
  ['if-range', ['"x"', 'W/"x"', '*', 'Tue, 01 Jan 2030 00:00:00 GMT', '"', '']],
  ['if-match', ['*', '"x"', '', `"${'A'.repeat(43)}="`, `"${'/'.repeat(43)}="`, '"a", "b"']],
  ['if-none-match', ['*', '"x"', '', ',', ' * ', '"a","b"', 'x'.repeat(4000)]],
  ['if-modified-since', ['x', '0', '-1', '275760-09-14', 'Tue, 01 Jan 1970 00:00:00 GMT']],
  ['content-type', ['', 'text/html', 'application/json', 'application/json;', 'x/'.repeat(500)]],
  ['content-encoding', ['gzip', 'br', 'identity', 'x']],
  ['transfer-encoding', ['chunked', 'identity', 'gzip, chunked', 'chunked, chunked', 'x']],
  ['content-length', ['0', '1', '-1', '5, 5', '99999999999999999999', '1e3', '+1', '0x1']],
  ['expect', ['100-continue', 'nonsense', '']],
  ['connection', ['keep-alive', 'upgrade', 'close, upgrade', 'x']],
  ['upgrade', ['websocket', 'h2c', '']],
  ['host', ['', 'localhost', 'x'.repeat(300), 'a:b:c', '[::1]', '_pubky.x', '%00']],
  ['pubky-host', ['', 'x', 'y'.repeat(52), '8'.repeat(52), 'pubky', '%00', 'a, b']],
  ['cookie', ['', '=', ';', 'a=b; a=b', '='.repeat(500), 'x'.repeat(8000), '\u0001=1']],
  ['authorization', ['', 'Bearer', 'Bearer ', 'Basic x', `Bearer ${'A'.repeat(43)}`, 'bearer x']],
  ['pubky-signature', ['', 'AA', '=', 'A'.repeat(200), 'A'.repeat(9000), '%00', 'é']],
  ['x-forwarded-for', ['', '1.2.3.4', 'x', '::1, 2', ','.repeat(100)]],
  ['user-agent', ['', 'x'.repeat(5000), '\u0007', 'é']],
  ['access-control-request-method', ['PUT', '', 'é', 'x'.repeat(500)]],
  ['access-control-request-headers', ['authorization', '', 'é', ','.repeat(500)]],
  ['x-admin-password', ['', 'wrong', 'x'.repeat(5000), 'é']],
]

export type Header = [name: string, value: string]

const some = <T>(random: Random, from: readonly T[], otherwise: T): T =>
  random.pick(from) ?? otherwise

export const weirdValue = (random: Random) => some(random, VALUES, '')

export function weirdHeader(random: Random): Header {
  const [name, values] = some(random, HEADERS, ['x', ['']])
  return [name, some(random, values, '')]
}

/** A path with something odd in it, somewhere. */
export function weirdPath(random: Random, path: string): string {
  const parts = path.split('/')
  for (let left = random.below(3); left >= 0; left -= 1) {
    const piece = some(random, PIECES, '')
    const at = random.below(parts.length + 1)
    if (random.next() < 0.5) parts.splice(at, 0, piece)
    else parts[at] = `${parts[at] ?? ''}${piece}`
  }
  return parts.join('/')
}

/** A query of options that exist and others; `known` are values that mean something. */
export function weirdQuery(random: Random, known: readonly string[]): string {
  const pairs = Array.from({ length: 1 + random.below(4) }, () => {
    const value = random.next() < 0.4 ? some(random, known, '') : weirdValue(random)
    return `${some(random, NAMES, 'limit')}=${value}`
  })
  return random.next() < 0.05 ? `${weirdValue(random)}&&=&` : pairs.join('&')
}
