import { describe, expect, it } from 'vitest'
import { groupNotices } from './group.ts'

const DAY = 86_400_000
const at = 20_000 * DAY + 1000
const tag = (by: string, label: string, timestamp: number) => ({
  timestamp,
  body: { type: 'tag_post', tagged_by: by, tag_label: label, post_uri: 'pubky://p' },
})

describe('groupNotices', () => {
  it('tells tags of one word on one post in one line, each person once', () => {
    const groups = groupNotices([
      tag('a', 'x', at + 3),
      tag('b', 'x', at + 2),
      tag('a', 'x', at + 1),
    ])
    expect(groups).toMatchObject([
      { type: 'tag_post', actors: ['a', 'b'], label: 'x', atMs: at + 3 },
    ])
  })

  it('keeps other words, other days and replies apart', () => {
    const reply = (by: string, timestamp: number) => ({
      timestamp,
      body: {
        type: 'reply',
        replied_by: by,
        parent_post_uri: 'pubky://p',
        reply_uri: `pubky://${by}`,
      },
    })
    const groups = groupNotices([
      tag('a', 'x', at + DAY),
      tag('a', 'x', at),
      tag('a', 'y', at),
      reply('b', at),
      reply('c', at),
    ])
    expect(groups).toHaveLength(5)
    expect(groups[3]).toMatchObject({ post: 'pubky://b' })
  })

  it('leaves out kinds of later versions and those of no interest', () => {
    const odd = { timestamp: at, body: { type: 'poked', poked_by: 'a' } }
    const lost = { timestamp: at, body: { type: 'lost_friend', unfollowed_by: 'a' } }
    expect(groupNotices([odd, lost])).toEqual([])
  })
})
