import { describe, expect, it } from 'vitest'
import type { Action } from './actions.ts'
import { draftOf } from './to-draft.ts'

const POST = `${'y'.repeat(52)}:0034A0X7NJ52G`

function post(change: Partial<Extract<Action, { type: 'post' }>>): Action {
  return {
    type: 'post',
    key: POST,
    content: 'words',
    kind: 'short',
    parent: null,
    embed: null,
    tags: ['calm'],
    uploads: [],
    atMs: 0,
    replies: 1,
    reposts: 1,
    ...change,
  }
}

describe('what was refused', () => {
  it('becomes a draft of the same kind, about the same post, with its tags', () => {
    expect(draftOf(post({}), 'a')).toEqual({
      slot: 'post#a',
      content: { text: 'words', tags: ['calm'], uploads: [] },
    })
    expect(draftOf(post({ parent: POST }))?.slot).toBe(`reply:${POST}`)
    expect(draftOf(post({ embed: POST }))?.slot).toBe(`repost:${POST}`)
  })

  it('leaves nothing behind where there were no words', () => {
    expect(draftOf(post({ content: '', embed: POST }))).toBeNull()
    expect(draftOf({ type: 'bookmark', key: POST, on: true })).toBeNull()
  })
})
