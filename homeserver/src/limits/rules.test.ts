import { fc } from '@pubky/testkit/properties'
import { describe, expect, it } from 'vitest'
import { bandwidthOf, requestRateOf } from './rate.ts'
import { createRuleChecker, parseRateRule, parseRateRules } from './rules.ts'

function asker(path: string, o: { method?: string; ip?: string; user?: string | null } = {}) {
  const { method = 'GET', ip = '192.0.2.1', user = null } = o
  return { method, path, ip, user: () => user }
}

describe('rules', () => {
  it.each([
    ['/signup_tokens/*', '/signup_tokens/ABC', '/signup_tokens/a/b'],
    ['/pub/**', '/pub/a/b.txt', '/priv/a'],
    ['/pub/*/posts/**', '/pub/app/posts/1', '/pub/app/x/posts/1'],
    ['/session', '/session', '/session/x'],
    ['/a.b', '/a.b', '/aXb'],
  ])('%s matches %s, not %s', (pattern, yes, no) => {
    const { check } = createRuleChecker([parseRateRule(`GET ${pattern} 1r/d ip`)], () => 0)
    const isLimited = (path: string) => {
      check(asker(path))
      return check(asker(path)).result === 'limited'
    }
    expect([isLimited(yes), isLimited(no)]).toEqual([true, false])
  })

  it('are all checked, in their order', () => {
    const rules = parseRateRules('* /** 3r/d user; PUT /pub/** 1r/d ip')
    const { check } = createRuleChecker(rules, () => 0)
    const put = () => check(asker('/pub/a', { method: 'PUT', user: 'me' }))
    expect(put().result).toBe('ok')
    expect(put()).toMatchObject({ result: 'limited', rule: { key: 'ip' }, key: '192.0.2.1' })
    expect(put()).toMatchObject({ result: 'limited', rule: { key: 'ip' } })
    expect(put()).toMatchObject({ result: 'limited', rule: { key: 'user' }, key: 'me' })
    expect(check(asker('/x'))).toEqual({ result: 'no_key' })
  })

  it('that are none are told as they are written', () => {
    const wrong = (text: string) => () => parseRateRules(text)
    expect(wrong('GET /x')).toThrow('has a rule "GET /x" without a rate')
    expect(wrong('FETCH /x 1r/s')).toThrow('without a method')
    expect(wrong('GET x 1r/s')).toThrow('without a path')
    expect(wrong('GET /x 0r/s')).toThrow('without a rate')
    expect(wrong('GET /x 1r/s name')).toThrow('neither ip nor user')
    expect(wrong('GET /x 1r/s ip burst=0')).toThrow('unknown option burst=0')
    expect(parseRateRules(' ; ')).toEqual([])
  })

  it('never fail in another way, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseRateRules(text)
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
        }
        bandwidthOf(text)
        requestRateOf(text)
      }),
    )
  })
})

it('speeds are in binary units', () => {
  expect([bandwidthOf('1kb/s'), bandwidthOf('60mb/m'), bandwidthOf('1gb/h')]).toEqual([
    1024,
    1024 ** 2,
    1024 ** 3 / 3600,
  ])
  for (const text of [
    '',
    '1b/s',
    '0kb/s',
    '-1kb/s',
    '1kb',
    '1kb/w',
    '1.5mb/s',
    `${'1'.repeat(40)}kb/s`,
  ])
    expect([text, bandwidthOf(text)]).toEqual([text, null])
})
