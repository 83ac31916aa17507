import { formatLocale, type Locale, type Message, type Messages, type Translate } from './types.ts'

function pick(message: Message, count: unknown, rules: () => Intl.PluralRules): string {
  if (typeof message === 'string') return message
  return rules().select(Number(count)) === 'one' ? message.one : message.other
}

/** Formatters are slow to make, and not every text needs one. */
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
  return (key, values = {}) => {
    const message = messages[key]
    if (message === undefined) return key
    return pick(message, values.count, rules).replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = values[name]
      if (value === undefined) return hole
      return typeof value === 'number' ? numbers().format(value) : value
    })
  }
}
