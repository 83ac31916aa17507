import { describe, expect, it } from 'vitest'
import { draftSlot, parseSlot } from './drafts.ts'

const POST = `${'y'.repeat(52)}:0034A0X7NJ52G`

describe('the place of a draft', () => {
  it('names what is written and about which post', () => {
    expect(parseSlot(draftSlot('post', null))).toEqual({ mode: 'post', target: null })
    expect(parseSlot(draftSlot('reply', POST))).toEqual({ mode: 'reply', target: POST })
    expect(parseSlot(draftSlot('edit', POST, 'more'))).toEqual({ mode: 'edit', target: POST })
  })

  it('keeps several about the same post apart', () => {
    expect(draftSlot('reply', POST)).not.toBe(draftSlot('reply', POST, 'more'))
    expect(draftSlot('reply', POST)).not.toBe(draftSlot('repost', POST))
  })

  it('knows no reply, quote or edit of nothing', () => {
    for (const slot of ['reply', 'repost', 'edit#x', 'new', '', 'post-it'])
      expect(parseSlot(slot)).toBeNull()
  })
})
