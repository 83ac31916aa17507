import { expect, test } from 'vitest'
import { sessions } from '../../../i18n/en/sessions.ts'
import { createTranslate } from '../../../i18n/format.ts'
import type { Message } from '../../../i18n/types.ts'
import { clientName } from './client-name.ts'

const messages = Object.fromEntries(
  Object.entries<Message>(sessions).map(([name, text]) => [`sessions.${name}`, text]),
)
const t = createTranslate('en', messages)

function nameOf(client: string): string {
  return clientName(t, { client }, 'pubky.app')
}

test('what holds a session is called as people know it', () => {
  expect(nameOf('pubky.app')).toBe('Pubky')
  expect(nameOf('pubky.move')).toBe('Export, move or mirror')
  expect(nameOf('https://app.example:8443')).toBe('app.example:8443')
  expect(nameOf('notes.example')).toBe('notes.example')
  expect(nameOf('')).toBe('A program')
})

test('a name that no text has is shown as it is', () => {
  for (const client of ['toString', '__proto__', 'urn:x']) expect(nameOf(client)).toBe(client)
})
