import type { MessageKey, Translate } from '../../../i18n/types.ts'

/** Names that this project's own code gives itself in grants. */
const OWN: ReadonlyMap<string, MessageKey> = new Map([
  ['pubky.move', 'sessions.appMove'],
  ['pubky.settings', 'sessions.appSettings'],
  ['pubky.signup', 'sessions.appSignUp'],
])

/** What a person calls the holder of a session or key. `ours` is the client id of this app. */
export function clientName(t: Translate, { client }: { client: string }, ours: string): string {
  const own = OWN.get(client)
  if (own) return t(own)
  if (client === ours) return t('sessions.app')
  if (client === '') return t('sessions.appProgram')
  return URL.canParse(client) ? new URL(client).host || client : client
}
