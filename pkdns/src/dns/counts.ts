import type { createMetrics } from '@pubky/server-kit'
import type { Source } from './answer.ts'
import type { Transport } from './service.ts'

const SHOWN_RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

/** What the DNS server did, counted in plain numbers because every question passes here. */
export function createCounts() {
  const queries: Record<Transport, number> = { udp: 0, tcp: 0, doh: 0 }
  const rcodes = new Array<number>(SHOWN_RCODES.length).fill(0)
  const resolved: [Source, number][] = []

  return {
    queries,
    rcodes,
    cached: 0,
    stale: 0,
    refused: 0,
    malformed: 0,
    prefetched: 0,
    cut: 0,
    rcode(code: number): void {
      const at = Math.min(code, SHOWN_RCODES.length - 1)
      rcodes[at] = (rcodes[at] ?? 0) + 1
    },
    /** An answer that was not kept, with the time it took. */
    resolved(source: Source, ms: number): void {
      if (resolved.length < 10_000) resolved.push([source, ms])
    },
    drain: () => resolved.splice(0),
  }
}

export type Counts = ReturnType<typeof createCounts>

/** The counts in the text form of Prometheus; read anew at every call. */
export function countsText(
  counts: Counts,
  metrics: ReturnType<typeof createMetrics>,
): () => string {
  const queries = metrics.counter('pkdns_queries_total', 'Questions by transport')
  const answers = metrics.counter('pkdns_answers_total', 'Answers by response code')
  const events = metrics.counter('pkdns_events_total', 'What happened to questions')
  const latency = metrics.histogram('pkdns_resolve_ms', 'Milliseconds for answers not kept')
  const told = new Map<string, number>()
  /** A counter may only be added to. */
  const grow = (name: string, value: number, add: (by: number) => void) => {
    add(value - (told.get(name) ?? 0))
    told.set(name, value)
  }
  return () => {
    for (const [transport, value] of Object.entries(counts.queries))
      grow(transport, value, (by) => queries.add(by, { transport }))
    for (const [code, rcode] of SHOWN_RCODES.entries())
      grow(rcode, counts.rcodes[code] ?? 0, (by) => answers.add(by, { rcode }))
    const { cached, stale, refused, malformed, prefetched, cut } = counts
    const kinds = { cached, stale, refused, malformed, prefetched, cut }
    for (const [kind, value] of Object.entries(kinds))
      grow(kind, value, (by) => events.add(by, { kind }))
    for (const [source, ms] of counts.drain()) latency.observe(ms, { source })
    return metrics.text()
  }
}
