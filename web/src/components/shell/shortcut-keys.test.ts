import { describe, expect, it } from 'vitest'
import { createKeyReader } from './shortcut-keys.ts'

describe('keys', () => {
  it('do one thing each, whatever the case', () => {
    const read = createKeyReader()
    expect(read('j')).toEqual({ command: 'next' })
    expect(read('J')).toEqual({ command: 'next' })
    expect(read('Enter')).toEqual({ command: 'open' })
    expect(read('z')).toBeNull()
  })

  it('go somewhere after g, which then means nothing else', () => {
    const read = createKeyReader()
    expect(read('g')).toBeNull()
    expect(read('s')).toEqual({ go: '/search' })
    expect(read('s')).toEqual({ command: 'bookmark' })
  })

  it('forget g after a while, and after a key that leads nowhere', () => {
    let now = 0
    const read = createKeyReader(() => now)
    read('g')
    now += 2000
    expect(read('s')).toEqual({ command: 'bookmark' })
    read('g')
    expect(read('x')).toBeNull()
    expect(read('x')).toEqual({ command: 'repost' })
  })
})
