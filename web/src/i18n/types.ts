import type { English } from './en/index.ts'

export type Namespace = keyof English

/** `feed.newPosts`: namespace and name of a text. */
export type MessageKey = {
  [N in Namespace]: `${N}.${Extract<keyof English[N], string>}`
}[Namespace]

/** A text, or one per plural form; `{name}` stands for a value. */
export type Message = string | { readonly one: string; readonly other: string }

/** Texts of some namespaces by full key. */
export type Messages = Readonly<Record<string, Message>>

export type Values = Readonly<Record<string, string | number>>
export type Translate = (key: MessageKey, values?: Values) => string

export const LOCALES = ['en', 'ar-XB'] as const
/** `ar-XB` is a pseudo-language: English stretched and laid out from right to left, for testing. */
export type Locale = (typeof LOCALES)[number]

export function isLocale(text: string | null | undefined): text is Locale {
  return text === 'en' || text === 'ar-XB'
}

export function direction(locale: Locale): 'ltr' | 'rtl' {
  return locale.startsWith('ar') ? 'rtl' : 'ltr'
}

/** The locale that numbers and dates are written in. */
export function formatLocale(locale: Locale): string {
  return locale === 'ar-XB' ? 'ar' : locale
}
