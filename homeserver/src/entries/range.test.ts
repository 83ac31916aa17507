import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { isSameVersion, parseRange } from './range.ts'

describe('the part that is asked for', () => {
  it.each([
    ['bytes=0-9', { start: 0, end: 10 }],
    ['bytes=90-', { start: 90, end: 100 }],
    ['bytes=-10', { start: 90, end: 100 }],
    ['bytes=-1000', { start: 0, end: 100 }],
    ['bytes=50-1000', { start: 50, end: 100 }],
    ['Bytes=99-99', { start: 99, end: 100 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    [undefined, null],
    ['', null],
    ['bytes=-', null],
    ['bytes=5-4', null],
    ['bytes=0-1,5-6', null],
    ['lines=0-9', null],
    ['bytes=a-b', null],
    ['bytes = 0-9', null],
  ])('of 100 bytes by %s is %j', (header, wanted) => {
    expect(parseRange(header, 100)).toEqual(wanted)
  })

  it('is never there in an empty file', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
      expect(parseRange(header, 0)).toBe('unsatisfiable')
  })

  it('lies within the body, whatever is asked', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,18}-\d{0,18}$/))
    fc.assert(
      fc.property(text, fc.nat(1000), (header, size) => {
        const range = parseRange(header, size)
        if (range === null || range === 'unsatisfiable') return
        expect(range.start).toBeGreaterThanOrEqual(0)
        expect(range.end).toBeGreaterThan(range.start)
        expect(range.end).toBeLessThanOrEqual(size)
      }),
    )
  })
})

it('fits a version that is named exactly, or none', () => {
  const version = { etag: '"abc="', lastModified: 'Sat, 28 Nov 2026 00:00:00 GMT' }
  for (const same of [undefined, version.etag, version.lastModified])
    expect(isSameVersion(same, version)).toBe(true)
  for (const other of ['W/"abc="', '"abd="', 'Sat, 28 Nov 2026 00:00:01 GMT', ''])
    expect(isSameVersion(other, version)).toBe(false)
})
