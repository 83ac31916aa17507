import { formatLocale, type Locale, type Message, type Messages, type Translate } from './types.ts'

function pick(message: Message, count: unknown, locale: Locale): string {
  if (typeof message === 'string') return message
  const form = new Intl.PluralRules(formatLocale(locale)).select(Number(count))
  return form === 'one' ? message.one : message.other
}

/** Looks up a text, chooses the plural form by `count` and fills in the values. */
export function createTranslate(locale: Locale, messages: Messages): Translate {
  const numbers = new Intl.NumberFormat(formatLocale(locale))
  return (key, values = {}) => {
    const message = messages[key]
    if (message === undefined) return key
    return pick(message, values.count, locale).replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = values[name]
      if (value === undefined) return hole
      return typeof value === 'number' ? numbers.format(value) : value
    })
  }
}
