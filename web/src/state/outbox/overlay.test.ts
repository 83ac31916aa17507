import { describe, expect, it } from 'vitest'
import type { PostView, UserView } from '../views.ts'
import type { Action, Pending, PendingState } from './actions.ts'
import {
  EMPTY_USER,
  isReflected,
  overlayPost,
  overlayStream,
  overlayUser,
  postFromAction,
} from './overlay.ts'

const ME = 'y'.repeat(52)
const ANN = 'b'.repeat(52)
const KEY = `${ANN}:0034A0X7NJ52G`
const MINE = `${ME}:0034A0X7NJ53G`

function pending(action: Action, state: PendingState = 'waiting'): Pending {
  return { id: JSON.stringify(action), action, state, reason: null, sentAtMs: null }
}

function post(
  over: Partial<Extract<Action, { type: 'post' }>> = {},
): Extract<Action, { type: 'post' }> {
  return {
    type: 'post',
    key: MINE,
    content: 'hi',
    kind: 'short',
    parent: null,
    embed: null,
    tags: [],
    uploads: [],
    atMs: 1,
    replies: 1,
    reposts: 1,
    ...over,
  }
}

const view: PostView = {
  ...postFromAction(post({ key: KEY })),
  counts: { tags: 3, unique_tags: 1, replies: 2, reposts: 0 },
  tags: [{ label: 'gm', taggers: [ANN], taggers_count: 3, relationship: false }],
}

describe('what lies over a post', () => {
  it('adds the own tag to the number, and takes it away again without a trace', () => {
    const on = overlayPost(view, KEY, ME, [
      pending({ type: 'tag', target: KEY, label: 'gm', on: true }),
    ])
    expect(on?.tags[0]).toMatchObject({ taggers_count: 4, relationship: true, taggers: [ME, ANN] })
    expect(on?.counts).toMatchObject({ tags: 4, unique_tags: 1 })
    const off = overlayPost(on, KEY, ME, [
      pending({ type: 'tag', target: KEY, label: 'gm', on: false }),
    ])
    expect(off?.tags[0]).toMatchObject({ taggers_count: 3, relationship: false })
    expect(off?.counts.tags).toBe(3)
  })

  it('counts nothing twice when the indexer already shows it', () => {
    const tag = pending({ type: 'tag', target: KEY, label: 'gm', on: true }, 'sent')
    const shown = overlayPost(view, KEY, ME, [tag])
    expect(overlayPost(shown, KEY, ME, [tag])).toEqual(shown)
    const reply = pending(post({ parent: KEY, replies: 3 }), 'sent')
    expect(overlayPost(view, KEY, ME, [reply])?.counts.replies).toBe(3)
    const counted = { ...view, counts: { ...view.counts, replies: 3 } }
    expect(overlayPost(counted, KEY, ME, [reply])?.counts.replies).toBe(3)
  })

  it('shows the own post before the indexer has it, and a refused one too', () => {
    expect(overlayPost(undefined, MINE, ME, [pending(post())])?.details.content).toBe('hi')
    expect(overlayPost(null, MINE, ME, [pending(post(), 'failed')])?.details.content).toBe('hi')
    expect(overlayPost(null, MINE, ME, [])).toBeNull()
  })

  it('undoes what was refused', () => {
    const refused = pending({ type: 'bookmark', key: KEY, on: true }, 'failed')
    expect(overlayPost(view, KEY, ME, [refused])?.bookmark).toBeNull()
  })

  it('shows edits and deletions at once', () => {
    const edit = pending({ type: 'edit', key: KEY, content: 'new', before: view })
    expect(overlayPost(view, KEY, ME, [edit])?.details.content).toBe('new')
    const gone = pending({ type: 'delete', key: KEY, parent: null, embed: null })
    expect(overlayPost(view, KEY, ME, [gone])?.deleted).toBe(true)
  })

  it('gives guests what the indexer says', () => {
    expect(overlayPost(view, KEY, null, [])).toBe(view)
  })
})

describe('what lies over a list', () => {
  it('puts own posts on top of the lists they belong to, and replies at the end of a thread', () => {
    const own = [pending(post())]
    expect(overlayStream([KEY], ME, own, { source: 'all' })).toEqual([MINE, KEY])
    expect(overlayStream([KEY], ME, own, { source: 'all', kinds: ['image'] })).toEqual([KEY])
    expect(overlayStream([KEY], ME, own, { source: 'author', authorId: ANN })).toEqual([KEY])
    const reply = [pending(post({ parent: KEY }))]
    const thread = {
      source: 'post_replies',
      authorId: ANN,
      postId: KEY.slice(53),
      order: 'ascending',
    } as const
    expect(overlayStream(['x'], ME, reply, thread)).toEqual(['x', MINE])
    expect(overlayStream([KEY], ME, reply, { source: 'all' })).toEqual([KEY])
  })

  it('leaves out what was deleted and whom one muted', () => {
    const gone = pending({ type: 'delete', key: KEY, parent: null, embed: null })
    expect(overlayStream([KEY, MINE], ME, [gone], { source: 'all' })).toEqual([MINE])
    const mute = pending({ type: 'mute', user: ANN, on: true })
    expect(overlayStream([KEY, MINE], ME, [mute], { source: 'all' })).toEqual([MINE])
    expect(overlayStream([KEY], ME, [mute], { source: 'author', authorId: ANN })).toEqual([KEY])
  })
})

describe('what lies over a person', () => {
  const ann: UserView = { ...EMPTY_USER, relationship: { following: false, followed_by: true } }

  it('follows at once and makes friends of those who follow back', () => {
    const shown = overlayUser(ann, ANN, ME, [pending({ type: 'follow', user: ANN, on: true })])
    expect(shown?.relationship.following).toBe(true)
    expect(shown?.counts).toMatchObject({ followers: 1, friends: 1 })
  })

  it('shows the own profile before the indexer knows the person', () => {
    const draft = { name: 'Me', bio: null, links: null, status: null, image: null, picture: null }
    const shown = overlayUser(null, ME, ME, [pending({ type: 'profile', draft, image: null })])
    expect(shown?.details.name).toBe('Me')
  })
})

describe('whether the indexer shows an action', () => {
  it('takes a tag away only when the person is not among the taggers any more', () => {
    const off: Action = { type: 'tag', target: KEY, label: 'gm', on: false }
    expect(isReflected(off, view, ME)).toBe(true)
    const half = {
      ...view,
      tags: [{ label: 'gm', taggers: [ME], taggers_count: 1, relationship: false }],
    }
    expect(isReflected(off, half, ME)).toBe(false)
    expect(isReflected({ ...off, on: true }, half, ME)).toBe(true)
  })
})

describe('a profile edit', () => {
  const draft = { name: 'Ann', bio: 'new', links: null, status: null, image: null, picture: null }
  const action: Action = { type: 'profile', draft, image: null }
  const seen = (bio: string | null): UserView => ({
    ...EMPTY_USER,
    details: { ...EMPTY_USER.details, id: ME, name: 'Ann', bio },
  })

  it('is not confirmed by an answer that shows the same name with older words', () => {
    expect(isReflected(action, seen('old'), ME)).toBe(false)
    expect(isReflected(action, seen('new'), ME)).toBe(true)
  })
})
