import { DNS_TYPES, type DnsMessage, type PublicKeyZ32, type ResourceRecord } from '@pubky/protocol'
import { typeCode } from '@pubky/protocol/dns/rdata'
import { isKnownKey } from '@pubky/protocol/real-key'
import { chainOf, isWithin } from './chain.ts'
import { EXTENDED_ERRORS, FLAGS, RCODES, TYPE_ANY } from './codes.ts'
import type { Forwarder } from './forward.ts'
import {
  age,
  decodeReply,
  emptyOutcome,
  fail,
  join,
  MAX_TTL_S,
  type Outcome,
  take,
  tryDecode,
} from './outcome.ts'
import type { PacketSource } from './packets.ts'
import { labelsOf, looksLikeKey, targetOf, withTld } from './target.ts'
import type { Server } from './udp-pool.ts'
import { readReply } from './wire.ts'
import { matchPacket } from './zone.ts'

/** Keys that one question may lead through (spec/discovery.md 4.2). */
const MAX_KEYS = 7
const MAX_REFERRALS = 4
const MAX_SERVERS = 4
const MAX_ANSWERS = 200
/** An answer of another server counts for at least so long, so that nobody makes us ask for ever. */
const MIN_ICANN_TTL_S = 5

export interface Asked {
  name: string
  type: number
  recursive: boolean
  dnssec: boolean
  checkingDisabled: boolean
  /** Ask the network even when the packet at hand is still fresh. */
  refresh: boolean
  /** Called before the DHT or a name server that a packet names is asked; throws when the asker may not. */
  mayAsk: (label: string) => void
  /** Told of every name that was looked up on the way, with the time it took. */
  onHop?: (hop: Hop) => void
}

/** One step of a resolution, for those who want to see it. */
export interface Hop {
  name: string
  from: 'key' | 'icann'
  ms: number
  /** What the step added. */
  answers: readonly ResourceRecord[]
  /** The name to go on with, null at the end. */
  next: string | null
}

export interface NameResolverContext {
  packets: Pick<PacketSource, 'find'>
  forwarder: Forwarder
  /** Resolvers for ICANN names; without them those names are refused. */
  upstreams: readonly Server[]
  tld: string
  maxSteps: number
  /** Seconds for which the absence of a name is believed. */
  negativeTtlS: number
  /** Whether a name server that some packet names may be spoken to. */
  mayReach: (host: string) => boolean
  delegationPort: number
}

/** Answers questions about names of keys and of ICANN, through aliases of both (5.2, 5.3). */
export function createNameResolver(ctx: NameResolverContext) {
  async function resolve(asked: Asked): Promise<Outcome> {
    const out = emptyOutcome()
    const budget = { steps: ctx.maxSteps, keys: MAX_KEYS }
    await walk(asked.name, asked, budget, out)
    // Without a key there is nothing to rename, and to find out again that there is none costs as before.
    const first = out.keys.size > 0 ? targetOf(asked.name, ctx.tld) : null
    if (first?.kind === 'key' && first.hasTld) rename(out)
    return out
  }

  type Budget = { steps: number; keys: number }

  async function walk(name: string, asked: Asked, budget: Budget, out: Outcome): Promise<null> {
    let current = name
    const seen = new Set<string>()
    while (true) {
      if (budget.steps-- <= 0 || seen.has(current.toLowerCase())) return fail(out, null)
      seen.add(current.toLowerCase())
      checkFirst(current, asked)
      const target = targetOf(current, ctx.tld)
      if (target.kind === 'misspelt') return deny(out)
      const sinceMs = performance.now()
      const known = out.answers.length
      const next =
        target.kind === 'key'
          ? await askKey(target.key, target.name, asked, budget, out)
          : await askIcann(current, asked, out)
      asked.onHop?.({
        name: current,
        from: target.kind,
        ms: performance.now() - sinceMs,
        answers: out.answers.slice(known),
        next,
      })
      if (next === null) return null
      current = next
    }
  }

  /** Checking whether 52 letters are a point of the curve costs a millisecond. */
  function checkFirst(name: string, asked: Asked): void {
    if (!looksLikeKey(name, ctx.tld)) return
    const labels = labelsOf(name.toLowerCase())
    const label = labels.find((one) => isKnownKey(one))
    if (!label) asked.mayAsk(labels.at(-1) ?? '')
  }

  /** The name to go on with, or null when the question is answered. */
  async function askKey(
    key: PublicKeyZ32,
    name: string,
    asked: Asked,
    budget: Budget,
    out: Outcome,
  ): Promise<string | null> {
    out.keys.add(key)
    if (budget.keys-- <= 0) return fail(out, null)
    const found = await ctx.packets.find(key, () => asked.mayAsk(key), asked.refresh)
    if (found.kind === 'unavailable') return fail(out, EXTENDED_ERRORS.noReachableAuthority)
    if (found.kind === 'missing') return deny(out, soaOf(key, 0n))
    take(out, found)
    const match = matchPacket(found.packet, name, asked.type)
    const aged = (records: readonly ResourceRecord[]) => records.map((one) => age(one, found))
    switch (match.kind) {
      case 'answers':
        out.answers.push(...aged(match.records))
        return null
      case 'cname':
        out.answers.push(...aged([match.record]))
        return asked.recursive ? match.target : null
      case 'alias':
        return askAlias(match, name, asked, budget, out)
      case 'delegation':
        if (!asked.recursive) {
          out.authorities.push(...aged(match.servers))
          out.additionals.push(...aged(match.glue))
          return null
        }
        return askDelegated(name, match, asked, budget, out)
      case 'nothing': {
        const soa = soaOf(key, found.packet.timestamp)
        // Who asks for the SOA of a key is told the one that stands for its packet.
        const isAsked = asked.type === DNS_TYPES.SOA && name === key
        ;(isAsked ? out.answers : out.authorities).push(soa)
        out.ttlS = Math.min(out.ttlS, ctx.negativeTtlS)
        return null
      }
    }
  }

  /** Addresses of another name under this one, as the apex of a zone needs them. */
  async function askAlias(
    { target, ttl }: { target: string; ttl: number },
    owner: string,
    asked: Asked,
    budget: Budget,
    out: Outcome,
  ): Promise<null> {
    if (!asked.recursive) return null
    const other = emptyOutcome()
    await walk(target, asked, budget, other)
    const { answers } = other.raw ? decodeReply(other.raw) : other
    for (const record of answers) {
      if (typeCode(record.data) !== asked.type) continue
      out.answers.push({ ...record, name: owner, ttl: Math.min(record.ttl, ttl) })
    }
    join(out, other)
    out.rcode = other.rcode === RCODES.NXDOMAIN ? RCODES.NOERROR : other.rcode
    return null
  }

  async function askIcann(name: string, asked: Asked, out: Outcome): Promise<string | null> {
    if (isLocalhost(name)) return answerLocalhost(name, asked, out)
    if (ctx.upstreams.length === 0) {
      out.extended = EXTENDED_ERRORS.notAuthoritative
      out.rcode = RCODES.REFUSED
      out.ttlS = 0
      return null
    }
    const { type, dnssec, checkingDisabled } = asked
    const wish = { name, type, recursive: true, dnssec, checkingDisabled }
    const reply = await ctx.forwarder.ask(wish, ctx.upstreams)
    if (!reply) return fail(out, EXTENDED_ERRORS.noReachableAuthority)
    const isAlone = out.answers.length === 0
    const decoded = isAlone ? tryDecode(reply) : decodeReply(reply)
    const next = decoded ? merge(decoded, name, asked, out, null) : null
    if (isAlone && next === null) {
      // Nothing to add: signatures and unknown types stay as they are.
      out.raw = reply
      out.source = 'icann'
      out.ttlS = lifetimeOf(reply, ctx.negativeTtlS)
    }
    return next
  }

  async function askDelegated(
    name: string,
    match: { servers: ResourceRecord[]; glue: ResourceRecord[] },
    asked: Asked,
    budget: Budget,
    out: Outcome,
  ): Promise<string | null> {
    const zone = match.servers[0]?.name.toLowerCase() ?? name.toLowerCase()
    let servers = reachable(match.glue)
    if (servers.length === 0) servers = await addressesOf(match.servers, asked, budget)
    // Whoever made the packet chose whom we ask, with names that no answer is kept for.
    asked.mayAsk(`${zone} ${name}`)
    const { type, dnssec, checkingDisabled } = asked
    for (let left = MAX_REFERRALS; left > 0 && servers.length > 0; left--) {
      const wish = { name, type, recursive: false, dnssec, checkingDisabled }
      const reply = await ctx.forwarder.ask(wish, servers)
      if (!reply) break
      const decoded = decodeReply(reply)
      const isReferral =
        decoded.answers.length === 0 && decoded.authorities.some(({ data }) => data.type === 'NS')
      if (!isReferral) return merge(decoded, name, asked, out, zone)
      servers = reachable(decoded.additionals)
    }
    return fail(out, EXTENDED_ERRORS.noReachableAuthority)
  }

  function reachable(records: readonly ResourceRecord[]): Server[] {
    return records
      .flatMap(({ data }) => (data.type === 'A' || data.type === 'AAAA' ? [data.address] : []))
      .filter((host) => ctx.mayReach(host))
      .slice(0, MAX_SERVERS)
      .map((host) => ({ host, port: ctx.delegationPort }))
  }

  /** The addresses of name servers that the packet itself does not give. */
  async function addressesOf(
    servers: readonly ResourceRecord[],
    asked: Asked,
    budget: Budget,
  ): Promise<Server[]> {
    for (const { data } of servers.slice(0, MAX_SERVERS)) {
      if (data.type !== 'NS') continue
      const out = emptyOutcome()
      await walk(data.target, { ...asked, type: DNS_TYPES.A }, budget, out)
      const found = reachable(out.raw ? decodeReply(out.raw).answers : out.answers)
      if (found.length > 0) return found
    }
    return []
  }

  /**
   * Takes a reply in; the name to go on with when the end of its aliases is somebody else's. What a name
   * server says counts within its `zone` only: else whoever has a key could speak for any name, and
   * resolvers that keep whole answers would believe it. A resolver's word, without a zone, is taken as it is.
   */
  function merge(
    reply: DnsMessage,
    name: string,
    asked: Asked,
    out: Outcome,
    zone: string | null,
  ): string | null {
    const { end, records } = chainOf(reply, name, asked.type, zone)
    const answers = zone === null ? reply.answers : records
    out.answers.push(...answers.slice(0, MAX_ANSWERS))
    const ttl = answers.reduce((least, { ttl }) => Math.min(least, ttl), MAX_TTL_S)
    out.ttlS = Math.min(out.ttlS, Math.max(ttl, MIN_ICANN_TTL_S))
    const isAnswered = records.some(
      ({ name: owner, data }) =>
        owner.toLowerCase() === end && (asked.type === TYPE_ANY || typeCode(data) === asked.type),
    )
    if (!isAnswered && asked.recursive && end !== name.toLowerCase()) {
      if (zone !== null || targetOf(end, ctx.tld).kind === 'key') return end
    }
    out.rcode = reply.flags & FLAGS.rcode
    if (!isAnswered) {
      const own = reply.authorities.filter((record) => isWithin(record.name, zone))
      out.authorities.push(...own)
      out.ttlS = Math.min(out.ttlS, ctx.negativeTtlS)
    }
    return null
  }

  function deny(out: Outcome, soa?: ResourceRecord): null {
    out.rcode = RCODES.NXDOMAIN
    out.ttlS = Math.min(out.ttlS, ctx.negativeTtlS)
    if (soa) out.authorities.push(soa)
    return null
  }

  /** Stands for a packet where DNS wants an SOA: above all how long an absence may be believed. */
  function soaOf(key: PublicKeyZ32, timestamp: bigint): ResourceRecord {
    const serial = Number((timestamp / 1_000_000n) % 2n ** 32n)
    const times = { refresh: 3600, retry: 600, expire: 86_400, minimum: ctx.negativeTtlS }
    const data = { type: 'SOA', mname: key, rname: `hostmaster.${key}`, serial, ...times } as const
    return { name: key, ttl: ctx.negativeTtlS, data }
  }

  function rename(out: Outcome): void {
    const renamed = (record: ResourceRecord): ResourceRecord => ({
      ...record,
      name: withTld(record.name, ctx.tld),
      // An alias must lead to the name under which its target is answered.
      ...(record.data.type === 'CNAME'
        ? { data: { type: 'CNAME', target: withTld(record.data.target, ctx.tld) } }
        : {}),
    })
    out.answers = out.answers.map(renamed)
    out.authorities = out.authorities.map(renamed)
  }

  return { resolve }
}

export type NameResolver = ReturnType<typeof createNameResolver>

function isLocalhost(name: string): boolean {
  return labelsOf(name).at(-1)?.toLowerCase() === 'localhost'
}

/** Never leaves this machine (RFC 6761 6.3). */
function answerLocalhost(name: string, { type }: Asked, out: Outcome): null {
  out.source = 'local'
  if (type === DNS_TYPES.A)
    out.answers.push({ name, ttl: 3600, data: { type: 'A', address: '127.0.0.1' } })
  if (type === DNS_TYPES.AAAA)
    out.answers.push({ name, ttl: 3600, data: { type: 'AAAA', address: '::1' } })
  return null
}

/** Seconds for which the reply of a resolver is kept. */
function lifetimeOf(reply: Buffer, negativeTtlS: number): number {
  if ((reply.readUInt16BE(2) & FLAGS.rcode) === RCODES.SERVFAIL) return MIN_ICANN_TTL_S
  const ttl = readReply(reply)?.ttl ?? negativeTtlS
  return Math.min(Math.max(ttl, MIN_ICANN_TTL_S), MAX_TTL_S)
}
