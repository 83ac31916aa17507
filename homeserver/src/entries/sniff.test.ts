import { expect, test } from 'vitest'
import { contentTypeOf, isShownInline } from './content-type.ts'
import { sniff } from './sniff.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

// covers 11.2.1e
test('the first bytes decide where they tell', () => {
  expect(contentTypeOf('/pub/a.txt', bytes('\x89PNG\r\n\x1a\n'))).toBe('image/png')
  expect(contentTypeOf('/pub/a', bytes('RIFF\x01\x02\x03\x04WEBPVP8 '))).toBe('image/webp')
  expect(contentTypeOf('/pub/a', bytes('RIFF\x01\x02\x03\x04WAVEfmt '))).toBe('audio/x-wav')
  expect(contentTypeOf('/pub/a', bytes(`${'\0'.repeat(257)}ustar`))).toBe('application/x-tar')
})

// covers 11.2.1f
test('otherwise the extension decides, whatever its case, and else nothing is known', () => {
  expect(contentTypeOf('/pub/a.JSON', bytes('{"a":1}'))).toBe('application/json')
  expect(contentTypeOf('/pub/a.txt', bytes('BM was here'))).toBe('text/plain')
  expect(contentTypeOf('/pub/a.b/c', bytes('{"a":1}'))).toBe('application/octet-stream')
  expect(contentTypeOf('/pub/a.constructor', bytes('x'))).toBe('application/octet-stream')
  expect(contentTypeOf('/pub/a.', bytes(''))).toBe('application/octet-stream')
})

test('markup is known behind marks, blanks and comments, whatever the name says', () => {
  for (const html of [
    '<!DOCTYPE html>',
    '<html>',
    '\xef\xbb\xbf  <script>alert(1)</script>',
    '<!-- x --><!-- y -->\n<body onload=x>',
    '<iframe/src=x>',
  ])
    expect(contentTypeOf('/pub/a.png', bytes(html))).toBe('text/html')
  for (const svg of [
    '<svg xmlns="x">',
    '<?xml version="1.0"?>\n<!-- x -->\n<svg>',
    '<!DOCTYPE svg PUBLIC "x">\n<svg/>',
  ])
    expect(contentTypeOf('/pub/a.txt', bytes(svg))).toBe('image/svg+xml')
  expect(contentTypeOf('/pub/a', bytes('<?xml version="1.0"?><rss>'))).toBe('text/xml')
  expect(contentTypeOf('/pub/a.txt', bytes('<3 you'))).toBe('text/plain')
})

// What backtracks here would not end in the time that a test has.
test('no input makes it slow', () => {
  sniff(bytes('<!---->'.repeat(200)))
  sniff(bytes('<!--'.repeat(300)))
  sniff(bytes(`<?xml ${'>'.repeat(2)}${'<?xml >'.repeat(100)}`))
  sniff(bytes(' '.repeat(600)))
})

test('scripts never run from here: such types are offered for download', () => {
  for (const type of ['image/png', 'audio/mpeg', 'video/mp4', 'application/json', 'text/plain'])
    expect(isShownInline(type)).toBe(true)
  for (const type of [
    'image/svg+xml',
    'text/html',
    'text/xml',
    'application/pdf',
    'text/javascript',
  ])
    expect(isShownInline(type)).toBe(false)
})
