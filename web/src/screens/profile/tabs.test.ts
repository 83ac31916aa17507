import { describe, expect, it } from 'vitest'
import { parseProfilePath } from './tabs.ts'

const KEY = 'operrr8wsbpr3ue9d4qj41ge1kcc6r7fdiy6o3ugjrrhi4y77rdo'

describe('parseProfilePath', () => {
  it('opens the own notifications first, and the posts of others', () => {
    expect(parseProfilePath([])).toEqual({ user: null, tab: 'notifications' })
    expect(parseProfilePath(['followers'])).toEqual({ user: null, tab: 'followers' })
    expect(parseProfilePath([KEY])).toEqual({ user: KEY, tab: 'posts' })
    expect(parseProfilePath([KEY, 'tagged'])).toEqual({ user: KEY, tab: 'tagged' })
  })

  it('takes a key with the prefixes that people paste', () => {
    for (const prefix of ['pubky', 'pk:', 'pk%3A'])
      expect(parseProfilePath([prefix + KEY])).toEqual({ user: KEY, tab: 'posts' })
  })

  it('knows no notifications of others, and nothing deeper', () => {
    for (const path of [
      [KEY, 'notifications'],
      [KEY, 'x'],
      ['x'],
      [KEY, 'posts', 'x'],
      ['posts', 'x'],
    ])
      expect(parseProfilePath(path)).toBeNull()
  })
})
