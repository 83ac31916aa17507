import { describe, expect, it } from 'vitest'
import { keyIn, parseSearch, searchHref } from './query.ts'

const KEY = 'operrr8wsbpr3ue9d4qj41ge1kcc6r7fdiy6o3ugjrrhi4y77rdo'

describe('parseSearch', () => {
  it('reads words, kind, tags and order', () => {
    expect(parseSearch({ q: ' hello world ', kind: 'people' })).toMatchObject({
      text: 'hello world',
      kind: 'people',
    })
    expect(parseSearch({ tags: 'Bees,bees, rain ,a b', sort: 'popular' })).toEqual({
      text: '',
      kind: 'posts',
      tags: ['bees', 'rain'],
      sorting: 'total_engagement',
    })
  })

  it('takes words that all begin with # as tags, and unknown values as none', () => {
    expect(parseSearch({ q: '#bees #rain' })).toMatchObject({ text: '', tags: ['bees', 'rain'] })
    expect(parseSearch({ q: '#bees rain', kind: 'x', sort: 'x' })).toMatchObject({
      text: '#bees rain',
      kind: 'posts',
      tags: [],
      sorting: 'timeline',
    })
    expect(parseSearch({ q: ['a', 'b'], tags: 'a,b,c,d,e,f' })).toMatchObject({
      text: 'a',
      tags: ['a', 'b', 'c', 'd', 'e'],
    })
  })

  it('comes back from its own address', () => {
    for (const query of [
      { text: 'a & b', kind: 'tags', tags: [], sorting: 'timeline' },
      { text: '', kind: 'posts', tags: ['ñandú', 'x'], sorting: 'total_engagement' },
    ] as const) {
      const href = searchHref({ ...query, tags: [...query.tags] })
      expect(parseSearch(Object.fromEntries(new URL(href, 'http://x').searchParams))).toEqual(query)
    }
  })
})

describe('keyIn', () => {
  it('finds a key that stands alone', () => {
    for (const text of [KEY, `pubky${KEY}`, `pk:${KEY}`, ` pubky://${KEY} `])
      expect(keyIn(text)).toBe(KEY)
    for (const text of ['', `${KEY} x`, KEY.slice(1)]) expect(keyIn(text)).toBeNull()
  })
})
