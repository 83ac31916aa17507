import {
  homeserverOf,
  type Micros,
  type PublicKeyZ32,
  policyTextOf,
  resolveEndpoints,
} from '@pubky/protocol'
import type { PkarrClient } from '@pubky/sdk'
import { IndexerError } from './errors.ts'

/** SVCB parameter that names the plain HTTP port of a local homeserver (spec/homeserver.md 8.3). */
const HTTP_PORT_PARAM = 65_280
const HTTPS_PORT = 443

/** Where a person's data lives, and when the record said so. */
export interface HomeRecord {
  host: PublicKeyZ32 | null
  recordMicros: Micros
  /** The policy that the record mirrors, unread. */
  policy?: Uint8Array | null
}

/** What the watcher asks about keys. */
export interface Directory {
  /** Such as `https://example.org`. Rejects with `no_endpoint`. */
  originOf(host: PublicKeyZ32, o?: { signal?: AbortSignal }): Promise<string>
  /** Null when the key has no record. */
  homeOf(user: PublicKeyZ32, o?: { signal?: AbortSignal }): Promise<HomeRecord | null>
}

/**
 * Answers from PKARR records. `localHost` (such as `localhost`) is set on the local network only:
 * the one name that is reached over plain HTTP. Elsewhere such a record has no endpoint.
 */
export function createPkarrDirectory(o: {
  pkarr: Pick<PkarrClient, 'resolve'>
  localHost?: string
}): Directory {
  async function originOf(host: PublicKeyZ32, opt: { signal?: AbortSignal } = {}) {
    const resolve = (key: PublicKeyZ32) => o.pkarr.resolve(key, opt)
    for await (const { target, port, params } of resolveEndpoints(host, resolve)) {
      if (target === '' || target === '.') continue
      if (target === o.localHost) {
        const bytes = params.get(HTTP_PORT_PARAM)
        const httpPort = bytes?.length === 2 ? (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0) : 0
        if (httpPort > 0) return `http://${target}:${httpPort}`
        continue
      }
      if (target === 'localhost' || !target.includes('.')) continue
      return port > 0 && port !== HTTPS_PORT ? `https://${target}:${port}` : `https://${target}`
    }
    throw new IndexerError('no_endpoint', { detail: host })
  }

  async function homeOf(user: PublicKeyZ32, opt: { signal?: AbortSignal } = {}) {
    const packet = await o.pkarr.resolve(user, { ...opt, policy: 'network-only' })
    if (!packet) return null
    const policy = policyTextOf(packet)
    return { host: homeserverOf(packet), recordMicros: packet.timestamp, policy }
  }

  return { originOf, homeOf }
}
