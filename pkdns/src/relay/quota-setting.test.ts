import { loadConfig } from '@pubky/server-kit'
import { fc } from '@pubky/testkit/properties'
import { expect, it } from 'vitest'
import { pkdnsSettings } from '../config.ts'
import { parseQuota, quotaText } from './quota-setting.ts'

// covers 8.8.4
it.each([
  ['2r/s', { count: 2, seconds: 1, burst: 2 }],
  ['100r/m', { count: 100, seconds: 60, burst: 100 }],
  ['1r/h', { count: 1, seconds: 3600, burst: 1 }],
  ['500r/d*2', { count: 500, seconds: 86_400, burst: 1000 }],
])(
  'the quota %s is read, and as many at once as it counts unless it says otherwise',
  (text, quota) => {
    expect(parseQuota(text)).toEqual(quota)
    expect(quotaText(quota)).toBe(text)
  },
)

// covers 8.8.4
it.each(['', '2', '0r/s', '2r/s*0', '2r/w', '2 r/s', '-1r/s', '2r/s*', '1.5r/s', '2R/S'])(
  'the quota "%s" is refused',
  (text) => {
    expect(() => parseQuota(text)).toThrow(TypeError)
    const load = () => loadConfig(pkdnsSettings, { env: { REQUEST_QUOTA: text } })
    expect(load).toThrow(/REQUEST_QUOTA must be written as 20r\/s/)
  },
)

it('a quota is the same after it was written and read', () => {
  const quota = fc
    .record({
      count: fc.integer({ min: 1, max: 999_999_999 }),
      seconds: fc.constantFrom(1, 60, 3600, 86_400),
      times: fc.integer({ min: 1, max: 9999 }),
    })
    .map(({ count, seconds, times }) => ({ count, seconds, burst: count * times }))
  fc.assert(
    fc.property(quota, (one) => {
      expect(parseQuota(quotaText(one))).toEqual(one)
    }),
  )
})
