import 'server-only'
import { cookies, headers } from 'next/headers'
import { cache } from 'react'
import { en } from './en/index.ts'
import { createTranslate } from './format.ts'
import { pseudo } from './pseudo.ts'
import { isLocale, type Locale, type Message, type Messages, type Namespace } from './types.ts'

/** The language of this request: `?lang`, handed on by the proxy, else the cookie, else English. */
export const getLocale = cache(async (): Promise<Locale> => {
  const asked = (await headers()).get('x-locale')
  if (isLocale(asked)) return asked
  const kept = (await cookies()).get('locale')?.value
  return isLocale(kept) ? kept : 'en'
})

/** The texts of some namespaces, to hand to `MessagesProvider`. */
export async function getMessages(...namespaces: Namespace[]): Promise<Messages> {
  const locale = await getLocale()
  const messages: Record<string, Message> = {}
  for (const namespace of namespaces)
    for (const [name, message] of Object.entries<Message>(en[namespace]))
      messages[`${namespace}.${name}`] = locale === 'en' ? message : pseudo(message)
  return messages
}

/** Translates in server components. */
export async function getT(...namespaces: Namespace[]) {
  return createTranslate(await getLocale(), await getMessages('common', ...namespaces))
}
