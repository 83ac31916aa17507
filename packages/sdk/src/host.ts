import type { Micros, PublicKeyZ32 } from '@pubky/protocol'
import { abortable } from './abort.ts'
import { type Clock, createClock } from './clock.ts'
import type { Opt } from './dht.ts'
import { originOf } from './endpoint.ts'
import { isOutage, PubkyError } from './errors.ts'
import { type HttpRequest, readJson, refusalOf, send } from './http.ts'
import type { PkarrClient, ResolvePolicy } from './pkarr/client.ts'

/** spec/homeserver.md 10: 5 s, 16 KiB, kept for 60 s, for 256 hosts. */
const INFO_TIMEOUT_MS = 5_000
const INFO_MAX_BYTES = 16 * 1024
const KEEP_MS = 60_000
const MAX_HOSTS = 256

/** Where keys are looked up and how requests leave this process. */
export interface Network {
  pkarr: PkarrClient
  fetch: typeof fetch
  now: () => Micros
  /** On the local network only: the host name that is reached over plain HTTP. */
  localHost?: string | undefined
}

/** A homeserver that was found: how to talk to it and what it can do. */
export interface Host {
  readonly key: PublicKeyZ32
  /** Such as `https://example.org`. */
  readonly origin: string
  readonly features: ReadonlySet<string>
  readonly clock: Clock
  /** Sends a request. A tenant is named by the `pubky-host` header, which costs browsers a preflight. */
  fetch(tenant: PublicKeyZ32 | null, path: string, request?: HttpRequest): Promise<Response>
}

/** Finds homeservers and remembers for a minute where they are and what they can do. */
export interface Hosts {
  /** Rejects with `no_endpoint` or an outage. */
  find(key: PublicKeyZ32, o?: Opt): Promise<Host>
}

export function createHosts(network: Network): Hosts {
  const known = new Map<PublicKeyZ32, { host: Promise<Host>; untilMs: number }>()
  const clocks = new Map<PublicKeyZ32, Clock>()
  // Hosts that could not be reached: perhaps they have moved, so their record is read again.
  const lost = new Set<PublicKeyZ32>()
  const nowMs = () => Number(network.now() / 1000n)

  async function find(key: PublicKeyZ32, { signal }: Opt = {}): Promise<Host> {
    signal?.throwIfAborted()
    const kept = known.get(key)
    if (kept && kept.untilMs > nowMs()) return abortable(kept.host, signal)
    const host = open(key, lost.delete(key) ? 'network-only' : 'cache-first')
    known.delete(key)
    known.set(key, { host, untilMs: nowMs() + KEEP_MS })
    for (const oldest of known.keys()) {
      if (known.size <= MAX_HOSTS) break
      known.delete(oldest)
      clocks.delete(oldest)
    }
    host.catch(() => {
      if (known.get(key)?.host === host) forget(key)
    })
    return abortable(host, signal)
  }

  function forget(key: PublicKeyZ32): void {
    known.delete(key)
    if (lost.size < MAX_HOSTS) lost.add(key)
  }

  async function open(key: PublicKeyZ32, policy: ResolvePolicy): Promise<Host> {
    const origin = await locate(key, policy)
    const clock = clocks.get(key) ?? createClock(network.now)
    clocks.set(key, clock)
    const features = await readFeatures(network, origin, clock)
    return {
      key,
      origin,
      features,
      clock,
      async fetch(tenant, path, { headers, ...request } = {}) {
        const all = new Headers(headers)
        if (tenant) all.set('pubky-host', tenant)
        try {
          // Homeservers do not redirect, and what is sent here is for nobody else.
          const fixed = { credentials: 'omit', redirect: 'error' } as const
          const options = { ...fixed, ...request, headers: all }
          return await send(network.fetch, origin + path, options)
        } catch (error) {
          if (error instanceof PubkyError) forget(key)
          throw error
        }
      },
    }
  }

  async function locate(key: PublicKeyZ32, policy: ResolvePolicy): Promise<string> {
    const { pkarr, localHost } = network
    try {
      return await originOf(pkarr, key, { policy, localHost })
    } catch (error) {
      if (policy === 'cache-first' || !isOutage(error)) throw error
      return originOf(pkarr, key, { localHost })
    }
  }

  return { find }
}

/**
 * Reads `/info`. Older homeservers have none and are spoken to in the old way; but one that cannot
 * be reached is an outage, or else a write would go out unsigned where a signature is due.
 */
async function readFeatures(
  network: Network,
  origin: string,
  clock: Clock,
): Promise<ReadonlySet<string>> {
  const response = await send(network.fetch, `${origin}/info`, {
    credentials: 'omit',
    cache: 'no-store',
    timeoutMs: INFO_TIMEOUT_MS,
  })
  clock.hint(response.headers.get('date'))
  if (!response.ok) {
    const refusal = await refusalOf(response)
    if (refusal.isOutage) throw refusal
    return new Set()
  }
  const info = await readJson(response, INFO_MAX_BYTES).catch((error: unknown) => {
    if (isOutage(error)) throw error
    return null
  })
  if (typeof info !== 'object' || info === null || !('features' in info)) return new Set()
  const { features } = info
  return new Set(Array.isArray(features) ? features.filter((f) => typeof f === 'string') : [])
}
