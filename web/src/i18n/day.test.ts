import { fc } from '@pubky/testkit/properties'
import { expect, it } from 'vitest'
import { writeDay } from './day.ts'

it('writes English days as the formatters of the language do', () => {
  const parts = { day: 'numeric', month: 'short', timeZone: 'UTC' } as const
  const short = new Intl.DateTimeFormat('en', parts)
  const long = new Intl.DateTimeFormat('en', { ...parts, year: 'numeric' })
  const dates = fc.date({ min: new Date('1970'), max: new Date('2200'), noInvalidDate: true })
  fc.assert(
    fc.property(dates, (date) => {
      expect(writeDay('en', date, false)).toBe(short.format(date))
      expect(writeDay('en', date, true)).toBe(long.format(date))
    }),
  )
})

it('writes the days of other languages in their words', () => {
  expect(writeDay('ar-XB', new Date('2026-11-28'), false)).toContain('نوفمبر')
})
