import type { ResourceRecord } from '@pubky/protocol'
import { formatName } from '@pubky/protocol/dns/names'
import { DnsReader } from '@pubky/protocol/dns/reader'
import {
  type Answer,
  answerFrom,
  answerOf,
  rcodeOf,
  UDP_PAYLOAD_BYTES,
  writeFormatError,
  writeRefusal,
  writeReply,
} from './answer.ts'
import { CLASS_IN, EXTENDED_ERRORS, FLAGS, RCODES, TYPE_ANY, TYPE_OPT } from './codes.ts'
import type { Counts } from './counts.ts'
import { createKeptAnswers, type KeptAnswer } from './kept-answers.ts'
import type { Limits } from './limits.ts'
import type { Outcome } from './outcome.ts'
import type { NameResolver } from './resolver.ts'
import { HEADER_BYTES, type Query, questionKey, readQuery, readReply } from './wire.ts'

export type Transport = 'udp' | 'tcp' | 'doh'

/** Who asks and how. */
export interface Asker {
  /** What `networkOf` says of the address. */
  network: string
  transport: Transport
}

export interface DnsServiceContext {
  resolver: NameResolver
  limits: Limits
  counts: Counts
  nowMs: () => number
  cacheBytes: number
  /** Seconds for which an old answer is shown when no new one can be had (RFC 8767). */
  staleS: number
  /** Whether questions for every type at once are refused over UDP. */
  refuseAny: boolean
  warn: (error: unknown) => void
}

/** OPT belongs to one hop, whatever a packet or another server says. */
function isNoOpt({ data }: ResourceRecord): boolean {
  return data.type !== 'unknown' || data.code !== TYPE_OPT
}

/** Tells that an asker has used up its look-ups; answered REFUSED. */
class OverLimit {
  readonly reason = 'lookups'
}

const TYPES_REFUSED: ReadonlySet<number> = new Set([TYPE_OPT, 249, 250, 251, 252, 253, 254])
const UDP_MIN_BYTES = 512
const MAX_REFRESHES = 32
const MAX_COMPUTING = 5000
/** Askers that wait for an answer, each with its question in memory; forged addresses make many. */
const MAX_WAITING = 10_000
/** No question with its EDNS options is longer. */
const MAX_QUERY_BYTES = 4096
/** An answer asked for so often is fetched anew before it ends, in the last tenth of its life. */
const POPULAR_HITS = 3
const PREFETCH_SHARE = 0.1
/** While no new answer can be had, it is tried for again at this pace. */
const STALE_RETRY_MS = 5000

/** The DNS server behind its transports: limits, kept answers, and the resolver for the rest. */
export function createDnsService(ctx: DnsServiceContext) {
  const kept = createKeptAnswers(ctx.cacheBytes)
  const computing = new Map<string, Promise<Answer>>()
  let refreshes = 0
  let waiting = 0

  /** The reply to a message; null when it deserves none. Never throws or rejects. */
  function handle(bytes: Buffer, asker: Asker): Buffer | null | Promise<Buffer | null> {
    if (bytes.length < HEADER_BYTES || (bytes.readUInt16BE(2) & FLAGS.response) !== 0) return null
    ctx.counts.queries[asker.transport] += 1
    const query = bytes.length > MAX_QUERY_BYTES ? null : readQuery(bytes)
    if (!query) {
      ctx.counts.malformed += 1
      return bytes.readUInt16BE(4) === 0 && asker.transport === 'udp'
        ? null
        : writeFormatError(bytes)
    }
    if (!ctx.limits.mayAsk(asker.network)) return refuse(query, RCODES.REFUSED)
    const refusal = refusalOf(query, asker)
    if (refusal !== null) return refuse(query, refusal)
    const name = questionKey(query)
    const found = fresh(name, query)
    if (found) {
      ctx.counts.cached += 1
      return write(found, query, asker)
    }
    return answerAnew(name, query, asker).then(
      (answer) => write(answer, query, asker),
      (error: unknown) => {
        if (error instanceof OverLimit)
          return refuse(query, RCODES.REFUSED, EXTENDED_ERRORS.prohibited)
        ctx.warn(error)
        return refuse(query, RCODES.SERVFAIL)
      },
    )
  }

  function refusalOf({ flags, edns, class: questionClass, type }: Query, asker: Asker) {
    if ((flags & FLAGS.opcode) !== 0) return RCODES.NOTIMP
    if (edns && edns.version > 0) return RCODES.BADVERS
    if (questionClass !== CLASS_IN || TYPES_REFUSED.has(type)) return RCODES.REFUSED
    if (ctx.refuseAny && type === TYPE_ANY && asker.transport === 'udp') return RCODES.REFUSED
    return null
  }

  function refuse(query: Query, rcode: number, extended: number | null = null): Buffer {
    ctx.counts.refused += 1
    return writeRefusal(query, rcode, extended)
  }

  function fresh(name: string, query: Query): Answer | null {
    const entry = kept.get(name)
    if (!entry) return null
    const { answer } = entry
    const leftMs = answer.expiresMs - ctx.nowMs()
    if (leftMs <= 0) return null
    entry.hits += 1
    const isEnding = leftMs < (answer.expiresMs - answer.bornMs) * PREFETCH_SHARE
    if (isEnding && entry.hits >= POPULAR_HITS && !entry.isRefreshing) prefetch(name, query, entry)
    return answer
  }

  function prefetch(name: string, query: Query, entry: KeptAnswer): void {
    if (refreshes >= MAX_REFRESHES || rcodeOf(entry.answer) === RCODES.SERVFAIL) return
    entry.isRefreshing = true
    refreshes += 1
    ctx.counts.prefetched += 1
    compute(name, query, { refresh: true, mayAsk: () => {} })
      .catch(ctx.warn)
      .finally(() => {
        refreshes -= 1
      })
  }

  async function answerAnew(name: string, query: Query, asker: Asker): Promise<Answer> {
    if (waiting >= MAX_WAITING) throw new OverLimit()
    waiting += 1
    try {
      return await computed(name, query, asker)
    } finally {
      waiting -= 1
    }
  }

  async function computed(name: string, query: Query, asker: Asker): Promise<Answer> {
    const running = computing.get(name)
    if (running) {
      try {
        return await running
      } catch (error) {
        // What the first of them may not ask for, this one perhaps may.
        if (!(error instanceof OverLimit)) throw error
      }
    }
    if (computing.size >= MAX_COMPUTING) throw new OverLimit()
    const charged = new Set<string>()
    const mayAsk = (label: string) => {
      if (charged.has(label)) return
      charged.add(label)
      if (!ctx.limits.mayLookUp(asker.network)) throw new OverLimit()
    }
    const work = compute(name, query, { refresh: false, mayAsk })
    computing.set(name, work)
    return work.finally(() => {
      if (computing.get(name) === work) computing.delete(name)
    })
  }

  async function compute(
    name: string,
    query: Query,
    o: { refresh: boolean; mayAsk: (label: string) => void },
  ): Promise<Answer> {
    const { type, flags, edns, bytes } = query
    const question = formatName(new DnsReader(bytes, HEADER_BYTES).name())
    const startedMs = ctx.nowMs()
    const outcome = await ctx.resolver.resolve({
      name: question,
      type,
      recursive: (flags & FLAGS.recursionDesired) !== 0,
      dnssec: edns?.dnssec ?? false,
      checkingDisabled: (flags & FLAGS.checkingDisabled) !== 0,
      ...o,
    })
    const answer = encode(outcome, { name: question, type, class: CLASS_IN })
    ctx.counts.resolved(outcome.source, ctx.nowMs() - startedMs)
    const old = kept.get(name)?.answer
    if (rcodeOf(answer) === RCODES.SERVFAIL && old && canStandIn(old)) {
      const isEmpty = rcodeOf(old) === RCODES.NXDOMAIN
      const stale: Answer = {
        ...old,
        isStale: true,
        extended: isEmpty ? EXTENDED_ERRORS.staleNxdomain : EXTENDED_ERRORS.staleAnswer,
        expiresMs: ctx.nowMs() + STALE_RETRY_MS,
      }
      kept.set(name, stale, outcome.keys)
      return stale
    }
    if (outcome.ttlS > 0) kept.set(name, answer, outcome.keys)
    return answer
  }

  function canStandIn(old: Answer): boolean {
    if (rcodeOf(old) === RCODES.SERVFAIL) return false
    return ctx.nowMs() - old.bornMs < ctx.staleS * 1000
  }

  function encode(
    outcome: Outcome,
    question: { name: string; type: number; class: number },
  ): Answer {
    const nowMs = ctx.nowMs()
    const meta = {
      bornMs: nowMs,
      expiresMs: nowMs + outcome.ttlS * 1000,
      source: outcome.source,
      origins: outcome.origins,
      extended: outcome.extended,
      isStale: outcome.isStale,
    }
    const layout = outcome.raw && readReply(outcome.raw)
    const taken = outcome.raw && layout ? answerFrom(outcome.raw, layout, meta) : null
    if (taken) return taken
    const { rcode } = outcome
    const [answers, authorities, additionals] = [
      outcome.answers,
      outcome.authorities,
      outcome.additionals,
    ].map((records) => records.filter(isNoOpt))
    const failed = outcome.raw ? RCODES.SERVFAIL : rcode
    const flags = FLAGS.response | FLAGS.recursionAvailable | failed
    return answerOf({ flags, questions: [question], answers, authorities, additionals }, meta)
  }

  function write(answer: Answer, query: Query, { transport, network }: Asker): Buffer {
    if (answer.isStale) ctx.counts.stale += 1
    ctx.counts.rcode(rcodeOf(answer))
    const nowMs = ctx.nowMs()
    if (transport !== 'udp') return writeReply(answer, query, { nowMs, limit: 65_535 })
    const size = query.edns?.size ?? UDP_MIN_BYTES
    const limit = Math.min(Math.max(size, UDP_MIN_BYTES), UDP_PAYLOAD_BYTES)
    const length = Math.min(answer.bytes.length, limit)
    // Over its budget an address is sent a cut reply, which only a real asker can follow up by TCP.
    const truncate = !ctx.limits.maySend(network, query.bytes.length, length)
    if (truncate) ctx.counts.cut += 1
    return writeReply(answer, query, { nowMs, limit, truncate })
  }

  /** The answer to a question with everything known about it, for forms that show more than DNS. */
  async function look(bytes: Buffer, asker: Asker): Promise<Answer | 'refused' | 'failed'> {
    ctx.counts.queries[asker.transport] += 1
    const query = readQuery(bytes)
    if (!query || refusalOf(query, asker) !== null || !ctx.limits.mayAsk(asker.network))
      return 'refused'
    const name = questionKey(query)
    try {
      return fresh(name, query) ?? (await answerAnew(name, query, asker))
    } catch (error) {
      if (error instanceof OverLimit) return 'refused'
      ctx.warn(error)
      return 'failed'
    }
  }

  return { handle, look, forget: kept.forget, stats: kept.stats }
}

export type DnsService = ReturnType<typeof createDnsService>
