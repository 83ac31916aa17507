import { formatLocale, type Locale, type Messages, type Translate } from './types.ts'

/** Formatters are slow to make: the first one of a page keeps it from coming to life for 20 ms. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Looks up a text, chooses the plural form by `count` and fills in the values. */
export function createTranslate(locale: Locale, messages: Messages): Translate {
  const numbers = once(() => new Intl.NumberFormat(formatLocale(locale)))
  const rules = once(() => new Intl.PluralRules(formatLocale(locale)))

  // Most numbers on a page need no formatter in English.
  const isPlain = (value: number) =>
    locale === 'en' && Number.isInteger(value) && value >= 0 && value < 1000
  const write = (value: number) => (isPlain(value) ? String(value) : numbers().format(value))
  const isOne = (count: number) => (isPlain(count) ? count === 1 : rules().select(count) === 'one')

  return (key, values = {}) => {
    const message = messages[key]
    if (message === undefined) return key
    const text =
      typeof message === 'string' ? message : message[isOne(Number(values.count)) ? 'one' : 'other']
    return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = values[name]
      if (value === undefined) return hole
      return typeof value === 'number' ? write(value) : value
    })
  }
}
