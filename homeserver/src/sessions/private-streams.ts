import type { Session } from './resolver.ts'

interface Open {
  kind: Session['kind']
  credential: string
  close(): void
}

/** Private event streams that are open, so that a revocation closes them (spec/homeserver.md 2.9). */
export interface PrivateStreams {
  add(session: Session, close: () => void): () => void
  /** Payload of a notice on `auth_revocations`; one that cannot be read closes all. */
  revoke(payload: string): void
  closeAll(): void
}

function parse(payload: string): { kind: string; id: string } | null {
  try {
    const json: unknown = JSON.parse(payload)
    if (json === null || typeof json !== 'object' || !('kind' in json) || !('id' in json))
      return null
    return { kind: String(json.kind), id: String(json.id) }
  } catch {
    return null
  }
}

export function createPrivateStreams(): PrivateStreams {
  const streams = new Set<Open>()
  const close = (which: (one: Open) => boolean) => {
    for (const one of [...streams]) if (which(one)) one.close()
  }
  return {
    add(session, closeStream) {
      const one = { kind: session.kind, credential: session.credential, close: closeStream }
      streams.add(one)
      return () => streams.delete(one)
    },
    revoke(payload) {
      const revoked = parse(payload)
      if (!revoked) return close(() => true)
      const kind = revoked.kind === 'grant' ? 'grant' : 'cookie'
      close((one) => one.kind === kind && one.credential === revoked.id)
    },
    closeAll: () => close(() => true),
  }
}
