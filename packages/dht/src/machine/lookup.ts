import { type Address, type Contact, compareDistance } from '../contact.ts'

export interface LookupOptions {
  /** 20 bytes. */
  target: Uint8Array
  /** Size of the neighbourhood that must have answered. */
  k: number
  /** Questions in flight at once. */
  concurrency: number
  /** Contacts asked in all; a hostile network could name new ones for ever. */
  maxAsked: number
  /** Contacts believed of one address. */
  maxPerHost: number
}

/** A contact in a look-up; `id` is null for a bootstrap address that has not answered yet. */
export interface Candidate extends Address {
  id: Uint8Array | null
  /** `late` is asked and no longer waited for; its answer is still taken. */
  state: 'new' | 'asked' | 'late' | 'answered' | 'failed'
  token: Uint8Array | null
}

const MAX_CANDIDATES = 400

/**
 * An iterative look-up as a state machine: say whom to ask, take in answers and failures, end when
 * the k closest that can answer have answered (spec/discovery.md 6.1). No I/O, no clock.
 */
export function createLookup(o: LookupOptions) {
  const candidates: Candidate[] = []
  const known = new Set<string>()
  const perHost = new Map<string, number>()
  let inFlight = 0
  let asked = 0
  let answered = 0

  const place = (a: Candidate, b: Candidate): number => {
    if (a.id === null || b.id === null) return (a.id === null ? 1 : 0) - (b.id === null ? 1 : 0)
    return compareDistance(o.target, a.id, b.id)
  }

  function add(contact: Address & { id: Uint8Array | null }): void {
    const address = `${contact.host}:${contact.port}`
    const siblings = perHost.get(contact.host) ?? 0
    if (known.has(address) || siblings >= o.maxPerHost) return
    known.add(address)
    perHost.set(contact.host, siblings + 1)
    const { id, host, port } = contact
    candidates.push({ id, host, port, state: 'new', token: null })
  }

  /** Contacts to start from. */
  function seed(contacts: readonly (Address & { id: Uint8Array | null })[]): void {
    for (const contact of contacts) add(contact)
    settle()
  }

  function settle(): void {
    candidates.sort(place)
    while (candidates.length > MAX_CANDIDATES) {
      const last = candidates.pop()
      if (last?.state === 'asked' || last?.state === 'late') {
        candidates.push(last)
        return
      }
    }
  }

  /** Whom to ask now; they count as asked from here on. */
  function next(): Candidate[] {
    const chosen: Candidate[] = []
    let near = 0
    for (const candidate of candidates) {
      if (near >= o.k || inFlight >= o.concurrency || asked >= o.maxAsked) break
      if (candidate.state === 'failed' || candidate.state === 'late') continue
      near++
      if (candidate.state !== 'new') continue
      candidate.state = 'asked'
      inFlight++
      asked++
      chosen.push(candidate)
    }
    return chosen
  }

  function answer(
    candidate: Candidate,
    reply: { id: Uint8Array; token: Uint8Array | null; nodes: readonly Contact[] },
  ): void {
    if (candidate.state !== 'asked' && candidate.state !== 'late') return
    if (candidate.state === 'asked') inFlight--
    answered++
    candidate.state = 'answered'
    candidate.id = reply.id
    candidate.token = reply.token
    for (const contact of reply.nodes) add(contact)
    settle()
  }

  function fail(candidate: Candidate): void {
    if (candidate.state === 'asked') inFlight--
    if (candidate.state === 'asked' || candidate.state === 'late') candidate.state = 'failed'
  }

  /** Goes on without this one, as if it had failed. */
  function passOver(candidate: Candidate): void {
    if (candidate.state !== 'asked') return
    inFlight--
    candidate.state = 'late'
  }

  /** The k closest that answered, closest first. */
  function closest(): (Contact & { token: Uint8Array | null })[] {
    return candidates
      .flatMap(({ state, id, host, port, token }) =>
        state === 'answered' && id ? [{ id, host, port, token }] : [],
      )
      .slice(0, o.k)
  }

  return {
    seed,
    next,
    answer,
    fail,
    passOver,
    closest,
    isIdle: () => inFlight === 0,
    counts: () => ({ asked, answered }),
  }
}

export type Lookup = ReturnType<typeof createLookup>
