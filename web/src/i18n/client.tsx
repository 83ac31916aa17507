'use client'

import { createContext, type ReactNode, use, useMemo } from 'react'
import { createTranslate } from './format.ts'
import type { Locale, Messages, Translate } from './types.ts'

interface I18n {
  locale: Locale
  messages: Messages
  t: Translate
}

const I18nContext = createContext<I18n | null>(null)

interface MessagesProviderProps {
  locale: Locale
  messages: Messages
  children: ReactNode
}

/** Gives texts to the components below; a provider further in adds its namespaces to them. */
export function MessagesProvider({ locale, messages, children }: MessagesProviderProps) {
  const outer = use(I18nContext)
  const value = useMemo(() => {
    const all = outer ? { ...outer.messages, ...messages } : messages
    return { locale, messages: all, t: createTranslate(locale, all) }
  }, [outer, locale, messages])
  return <I18nContext value={value}>{children}</I18nContext>
}

function useI18n(): I18n {
  const value = use(I18nContext)
  if (!value) throw new Error('no MessagesProvider above this component')
  return value
}

/** `t('feed.newPosts', { count })`; the page must have asked for the namespace. */
export function useT(): Translate {
  return useI18n().t
}

export function useLocale(): Locale {
  return useI18n().locale
}
