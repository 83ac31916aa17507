import { growth } from '@pubky/testkit/growth'
import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { type Inline, parseUserText } from './user-text-parser.ts'

const KEY = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'

function inline(text: string): Inline[] {
  const [block] = parseUserText(text)
  return block?.type === 'paragraph' ? block.children : []
}

function textOf(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => {
      if ('children' in node) return textOf(node.children)
      return node.type === 'mention' ? `pubky${node.user}` : node.text
    })
    .join('')
}

describe('the text of a post', () => {
  it('keeps plain text and line breaks', () => {
    expect(inline('one\ntwo')).toEqual([{ type: 'text', text: 'one\ntwo' }])
  })

  it('marks bold, italic, strike and code', () => {
    expect(inline('**b** *i* ~~s~~ `c`').map(({ type }) => type)).toEqual([
      'strong',
      'text',
      'em',
      'text',
      'del',
      'text',
      'code',
    ])
  })

  it('links a bare address as typed and leaves the full stop out', () => {
    expect(inline('see https://example.org/a_b. Yes')[1]).toEqual({
      type: 'link',
      href: 'https://example.org/a_b',
      text: 'https://example.org/a_b',
    })
  })

  it('does not let text hide the target of a link', () => {
    const nodes = inline('[bank](https://evil.example)')
    expect(textOf(nodes)).toBe('[bank](https://evil.example)')
    expect(nodes.some(({ type }) => type === 'link')).toBe(false)
  })

  it('turns words after # into tags and keys into mentions', () => {
    expect(inline('#Pubky by')[0]).toEqual({ type: 'tag', label: 'pubky', text: '#Pubky' })
    expect(inline(`hi pubky${KEY}!`)[1]).toEqual({ type: 'mention', user: KEY })
    expect(inline(`hi pk:${KEY}`)[1]).toEqual({ type: 'mention', user: KEY })
  })

  it('never makes links of dangerous schemes', () => {
    expect(textOf(inline('javascript:alert(1) data:text/html,x'))).toContain('javascript:')
    expect(inline('javascript:alert(1)').every(({ type }) => type === 'text')).toBe(true)
  })

  it('reads quotes, lists, rules and code blocks', () => {
    const types = parseUserText('> q\n\n- a\n- b\n\n1. x\n\n---\n\n```js\nlet a\n```').map(
      ({ type }) => type,
    )
    expect(types).toEqual(['quote', 'list', 'list', 'rule', 'code'])
  })

  it('takes headings in articles only', () => {
    expect(parseUserText('# Title')[0]?.type).toBe('paragraph')
    expect(parseUserText('# Title', { headings: true })[0]).toMatchObject({
      type: 'heading',
      level: 2,
    })
  })

  it('loses no letter of a line, whatever marks stand in it', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      ' ',
      '*',
      '**',
      '_',
      '~~',
      '`',
      '#',
      '[',
      '](',
      ')',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = `x${pieces.join('')}`
        const letters = (value: string) => value.replace(/[^\p{L}]/gu, '')
        expect(letters(textOf(inline(text)))).toBe(letters(text))
      }),
      { numRuns: 200 },
    )
  })

  it.each(['*', '`', '> ', '['])('takes time in proportion to its length: %s', async (part) => {
    const grown = () => growth(10_000, (length) => parseUserText(part.repeat(length)))
    await expect.poll(grown).toBeLessThan(10)
  })
})
