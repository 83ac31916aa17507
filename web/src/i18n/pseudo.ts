import type { Message } from './types.ts'

const LETTERS: Record<string, string> = {
  a: 'á',
  e: 'é',
  i: 'í',
  o: 'ó',
  u: 'ú',
  c: 'ç',
  n: 'ñ',
  s: 'š',
  y: 'ý',
  z: 'ž',
  A: 'Á',
  E: 'É',
  I: 'Í',
  O: 'Ó',
  U: 'Ú',
  C: 'Ç',
  N: 'Ñ',
  S: 'Š',
  Y: 'Ý',
  Z: 'Ž',
}

/** Accents the letters outside `{holes}` and stretches the text by a third, inside brackets. */
function stretch(text: string): string {
  const accented = text.replace(/\{\w+\}|[A-Za-z]/g, (part) => LETTERS[part] ?? part)
  const extra = '·'.repeat(Math.ceil(text.length / 6))
  return `\u2067[${accented}${extra}]\u2069`
}

export function pseudo(message: Message): Message {
  if (typeof message === 'string') return stretch(message)
  return { one: stretch(message.one), other: stretch(message.other) }
}
