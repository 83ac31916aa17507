/** Where an account is signed in. */
export interface SignedIn {
  id: string
  kind: 'cookie' | 'grant'
  /** The origin of a web app behind a cookie ('' for programs), the client id of a grant. */
  client: string
  /** What signs behind a grant, where the homeserver tells. */
  key: string | null
  capabilities: readonly string[]
  createdMs: number
  /** To within some minutes; null when never. */
  lastUsedMs: number | null
  /** Null when it does not end by itself. */
  expiresMs: number | null
  /** The key of this browser. */
  isHere: boolean
}

function milliseconds(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value * 1000 : null
}

function parseOne(value: unknown, own: string | null): SignedIn[] {
  if (typeof value !== 'object' || value === null) return []
  const { id, kind, client, key, capabilities, created_at, last_used_at, expires_at, current } =
    value as Record<string, unknown>
  const isKnown = kind === 'cookie' || kind === 'grant'
  if (typeof id !== 'string' || !isKnown || typeof client !== 'string') return []
  // The one that asks is there for nothing else.
  if (current === true) return []
  const given = Array.isArray(capabilities) ? capabilities : []
  return [
    {
      id,
      kind,
      client,
      key: typeof key === 'string' ? key : null,
      capabilities: given.filter((one): one is string => typeof one === 'string'),
      createdMs: milliseconds(created_at) ?? 0,
      lastUsedMs: milliseconds(last_used_at),
      expiresMs: milliseconds(expires_at),
      isHere: id === own,
    },
  ]
}

/** What `GET /sessions` answered, without the session that asked; what nobody knows is left out. */
export function parseSessions(answer: unknown, own: string | null): SignedIn[] {
  const found = typeof answer === 'object' && answer !== null && 'sessions' in answer
  if (!found || !Array.isArray(answer.sessions)) return []
  const sessions = answer.sessions.flatMap((one) => parseOne(one, own))
  // This browser first, so that nobody has to look for it.
  return sessions.sort((a, b) => Number(b.isHere) - Number(a.isHere))
}
