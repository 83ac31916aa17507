import { fc } from '@pubky/testkit/properties'
import { expect, test } from 'vitest'
import { sessions } from '../../../i18n/en/sessions.ts'
import { createTranslate } from '../../../i18n/format.ts'
import type { Message } from '../../../i18n/types.ts'
import { allowsEverything, capabilityText } from './capability-text.ts'

const messages = Object.fromEntries(
  Object.entries<Message>(sessions).map(([name, text]) => [`sessions.${name}`, text]),
)
const t = createTranslate('en', messages)
const plain = (text: string) => capabilityText(t, text).replace(/[\u2066\u2069]/g, '')

test('capabilities are said in words', () => {
  expect(plain('/:rw')).toBe('Read and change your whole account, private files and sessions too')
  expect(plain('/pub/pubky.app/:rw')).toBe('Read and change your profile, posts, tags and follows')
  expect(plain('/priv/:r')).toBe('Read all your private files')
  expect(plain('/pub/notes/:w')).toBe('Write, but not read, the folder /pub/notes/')
  expect(plain('/pub/notes/today.txt:r')).toBe('Read the file /pub/notes/today.txt')
})

test('only what may write everywhere allows everything', () => {
  expect(['/:rw', '/:w', '/:r', '/pub/:rw', ''].map(allowsEverything)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('whatever a homeserver calls a capability is shown, never thrown', () => {
  expect(plain('magic')).toContain('magic')
  fc.assert(fc.property(fc.string(), (text) => capabilityText(t, text).length > 0))
})
