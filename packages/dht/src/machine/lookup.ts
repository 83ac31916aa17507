import { type Address, type Contact, compareDistance } from '../contact.ts'
import { distanceShare } from './network-size.ts'

export interface LookupOptions {
  /** 20 bytes. */
  target: Uint8Array
  /** Size of the neighbourhood that must have answered. */
  k: number
  /** Share of the space that the neighbourhood reaches at least, however many nodes are in it. */
  radius: number
  /** Questions in flight at once. */
  concurrency: number
  /** Contacts asked in all; a hostile network could name new ones for ever. */
  maxAsked: number
  /** Contacts believed of one address. */
  maxPerHost: number
  /** Whether an address may have an id (BEP42); others are asked too, but do not count. */
  isSecure: (id: Uint8Array, host: string) => boolean
}

/** What became of the contacts that one node has named. */
interface Witness {
  answered: number
  failed: number
}

/** A contact in a look-up; `id` is null for a bootstrap address that has not answered yet. */
export interface Candidate extends Address {
  id: Uint8Array | null
  /** `late` is asked and no longer waited for; its answer is still taken. */
  state: 'new' | 'asked' | 'late' | 'answered' | 'failed'
  token: Uint8Array | null
  isSecure: boolean
  /** From the target, as a share of the space. */
  distance: number
  /** Who named it; empty for those that the search started from. */
  witnesses: Witness[]
}

const MAX_CANDIDATES = 400
/** A crowded neighbourhood is asked up to so many times k. */
const MAX_CROWD = 4
const MAX_WITNESSES = 3
/** A node that has named so many dead ones, and more dead than living, is not believed any further. */
const MAX_FAILED = 3

/**
 * An iterative look-up as a state machine: say whom to ask, take in answers and failures, end when
 * the k closest that can answer have answered (spec/discovery.md 6.1). No I/O, no clock.
 */
export function createLookup(o: LookupOptions) {
  const candidates: Candidate[] = []
  const known = new Map<string, Candidate>()
  const perHost = new Map<string, number>()
  let inFlight = 0
  let asked = 0
  let answered = 0

  const place = (a: Candidate, b: Candidate): number => {
    if (a.id === null || b.id === null) return (a.id === null ? 1 : 0) - (b.id === null ? 1 : 0)
    return compareDistance(o.target, a.id, b.id)
  }

  function add(contact: Address & { id: Uint8Array | null }, witness: Witness | null): void {
    const address = `${contact.host}:${contact.port}`
    const named = known.get(address)
    if (named) {
      if (witness && named.witnesses.length > 0 && named.witnesses.length < MAX_WITNESSES)
        named.witnesses.push(witness)
      return
    }
    const siblings = perHost.get(contact.host) ?? 0
    if (siblings >= o.maxPerHost) return
    perHost.set(contact.host, siblings + 1)
    const { id, host, port } = contact
    const candidate: Candidate = {
      id,
      host,
      port,
      state: 'new',
      token: null,
      isSecure: id !== null && o.isSecure(id, host),
      distance: id === null ? 1 : distanceShare(o.target, id),
      witnesses: witness ? [witness] : [],
    }
    known.set(address, candidate)
    candidates.push(candidate)
  }

  /** Contacts to start from. */
  function seed(contacts: readonly (Address & { id: Uint8Array | null })[]): void {
    for (const contact of contacts) add(contact, null)
    settle()
  }

  /** Named only by those who have named the dead: they may be made up, to keep us from the living. */
  function isDoubtful({ witnesses }: Candidate): boolean {
    return (
      witnesses.length > 0 &&
      witnesses.every(({ failed, answered }) => failed >= MAX_FAILED && failed > answered)
    )
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

  /** Whether the neighbourhood ends before this one. */
  function isBeyond({ distance }: Candidate, near: number): boolean {
    return near >= o.k && (distance > o.radius || near >= o.k * MAX_CROWD)
  }

  /** Whom to ask now; they count as asked from here on. */
  function next(): Candidate[] {
    const chosen: Candidate[] = []
    let near = 0
    let insecure = 0
    for (const candidate of candidates) {
      if (isBeyond(candidate, near) || inFlight >= o.concurrency || asked >= o.maxAsked) break
      if (candidate.state === 'failed' || candidate.state === 'late') continue
      if (candidate.state === 'new' && isDoubtful(candidate)) continue
      if (candidate.isSecure || candidate.id === null) near++
      else if (++insecure > o.k) continue
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
    for (const witness of candidate.witnesses) {
      witness.answered++
      if (candidate.state === 'late') witness.failed--
    }
    answered++
    candidate.state = 'answered'
    candidate.id = reply.id
    candidate.token = reply.token
    candidate.isSecure = o.isSecure(reply.id, candidate.host)
    candidate.distance = distanceShare(o.target, reply.id)
    const witness = { answered: 0, failed: 0 }
    for (const contact of reply.nodes) add(contact, witness)
    settle()
  }

  function fail(candidate: Candidate): void {
    if (candidate.state === 'asked') {
      inFlight--
      for (const witness of candidate.witnesses) witness.failed++
    }
    if (candidate.state === 'asked' || candidate.state === 'late') candidate.state = 'failed'
  }

  /** Goes on without this one, as if it had failed. */
  function passOver(candidate: Candidate): void {
    if (candidate.state !== 'asked') return
    inFlight--
    for (const witness of candidate.witnesses) witness.failed++
    candidate.state = 'late'
  }

  /**
   * The neighbourhood that answered, closest first: k whose ids their addresses may have, more where
   * it is crowded, and those among them whose ids anybody could have chosen, at most k of these.
   */
  function closest(): (Contact & { token: Uint8Array | null })[] {
    const found: (Contact & { token: Uint8Array | null })[] = []
    let secure = 0
    let insecure = 0
    for (const candidate of candidates) {
      const { state, id, host, port, token, isSecure } = candidate
      if (isBeyond(candidate, secure)) break
      if (state !== 'answered' || !id) continue
      if (isSecure) secure++
      else if (++insecure > o.k) continue
      found.push({ id, host, port, token })
    }
    return found
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
