import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { createTranslate } from './format.ts'
import { pseudo } from './pseudo.ts'

const messages = {
  'feed.newPosts': { one: 'See {count} new post', other: 'See {count} new posts' },
  'post.repostedBy': '{name} reposted',
}

describe('texts', () => {
  it('choose the plural form and write numbers as the language does', () => {
    const t = createTranslate('en', messages)
    expect(t('feed.newPosts', { count: 1 })).toBe('See 1 new post')
    expect(t('feed.newPosts', { count: 1200 })).toBe('See 1,200 new posts')
  })

  it('say every number as the formatters of the language say it', () => {
    const numbers = new Intl.NumberFormat('en')
    const rules = new Intl.PluralRules('en')
    const t = createTranslate('en', {
      'feed.newPosts': { one: 'one {count}', other: 'other {count}' },
    })
    const some = fc.oneof(fc.integer({ min: -3, max: 2000 }), fc.double({ min: 0.1, max: 2000 }))
    fc.assert(
      fc.property(some, (count) => {
        expect(t('feed.newPosts', { count })).toBe(
          `${rules.select(count)} ${numbers.format(count)}`,
        )
      }),
    )
  })

  it('take values literally, whatever characters stand in them', () => {
    const t = createTranslate('en', messages)
    expect(t('post.repostedBy', { name: '$& {count}' })).toBe('$& {count} reposted')
  })

  it('show the key of a text that the page did not ask for', () => {
    expect(createTranslate('en', {})('feed.title')).toBe('feed.title')
  })

  it('keep their holes in the pseudo-language', () => {
    expect(pseudo('{name} reposted')).toContain('{name} ')
    expect(pseudo({ one: '{count} a', other: '{count} b' })).toMatchObject({
      one: expect.stringContaining('{count}'),
    })
  })
})
