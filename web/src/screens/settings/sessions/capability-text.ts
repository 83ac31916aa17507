import { type Capability, parseCapabilities } from '@pubky/protocol/capabilities'
import type { MessageKey, Translate } from '../../../i18n/types.ts'

const SCOPES: Readonly<Record<string, MessageKey>> = {
  '/': 'sessions.everything',
  '/pub/': 'sessions.public',
  '/priv/': 'sessions.private',
  '/pub/pubky.app/': 'sessions.social',
}

/** Paths keep their direction inside a text of the other one. */
function isolate(path: string): string {
  return `\u2066${path}\u2069`
}

function whatOf(t: Translate, scope: string): string {
  const known = SCOPES[scope]
  if (known) return t(known)
  return t(scope.endsWith('/') ? 'sessions.folder' : 'sessions.file', { path: isolate(scope) })
}

function parse(text: string): Capability | null {
  try {
    return parseCapabilities(text)[0] ?? null
  } catch {
    return null
  }
}

/** What a capability allows, in a sentence. */
export function capabilityText(t: Translate, text: string): string {
  const capability = parse(text)
  if (!capability) return t('sessions.mayUnknown', { what: isolate(text) })
  const { scope, read, write } = capability
  const may = read && write ? 'sessions.mayBoth' : write ? 'sessions.mayWrite' : 'sessions.mayRead'
  return t(may, { what: whatOf(t, scope) })
}

export function allowsEverything(text: string): boolean {
  const capability = parse(text)
  return capability !== null && capability.scope === '/' && capability.write
}
