import { describe, expect, it } from 'vitest'
import { tagColour } from './tag-colour.ts'

describe('the colour of a tag', () => {
  it('is fixed for the words that have a colour of their own', () => {
    expect(tagColour('bitcoin')).toBe('#FF9900')
    expect(tagColour('pubky')).toBe('#C8FF00')
  })

  it('follows the hash of the word otherwise', () => {
    // 'a' is 97 = 0x61, and 97 mod 6 = 1.
    expect(tagColour('a')).toBe('#FF6100')
    // 'ab': 98 + 31 * 97 = 3105, & 255 = 0x21, mod 6 = 3.
    expect(tagColour('ab')).toBe('#2100FF')
  })

  it('does not mistake members of every object for fixed colours', () => {
    expect(tagColour('constructor')).toMatch(/^#[0-9A-F]{6}$/)
  })
})
