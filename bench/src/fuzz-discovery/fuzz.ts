import { PerformanceObserver } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createRandom } from '../random.ts'
import type { Figures } from '../result.ts'
import { createCorpus } from './corpus.ts'
import { mutate } from './mutate.ts'
import { dhtNode, dnsForwarded, dnsReaders, dnsServer, type Target } from './targets.ts'

/** Processor time that one message may take. */
const LIMIT_MS = 10
const TOGETHER = 200
const AGAIN = 50

/** What one message took from its beginning to its end, other processes and all. */
type Longest = {
  ms: number
  /** Of it, in which garbage was collected that all messages before it have left. */
  garbageMs: number
}

type Outcome = {
  messages: number
  perSecond: number
  /** The longest time that a message needs by itself: whoever takes longer once is tried again. */
  slowestMs: number
  slowest: string
  longest: Longest
  heapGrownMiB: number
}

/** Collects garbage, so that only what is held counts. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

function heapMiB(): number {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

async function timeOf(target: Target, bytes: Buffer): Promise<number> {
  const sinceMs = performance.now()
  // What is answered late waits for nothing but its turn, so that this is its time, too.
  const late = target(bytes)
  if (late) await late
  return performance.now() - sinceMs
}

/**
 * What a message needs by itself: the shortest of so many times, since other processes, the collector
 * and the compiler take theirs. With what the target remembers by now, or nothing, whichever is slower.
 */
async function ownTime(make: () => Target, target: Target, bytes: Buffer, enough: number) {
  const best = async (next: () => Target) => {
    let ms = Number.POSITIVE_INFINITY
    for (let n = 0; n < AGAIN && ms > enough; n++) ms = Math.min(ms, await timeOf(next(), bytes))
    return ms
  }
  return Math.max(await best(() => target), await best(make))
}

/** Pauses of the garbage collector; they are told when the program has a moment. */
function watchGarbage() {
  let pauses: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => pauses.push(...list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  return {
    /** Milliseconds of the pauses since the last call that lie within this time. */
    async take(sinceMs: number, ms: number): Promise<number> {
      await new Promise((resolve) => setImmediate(resolve))
      const within = pauses.map(({ startTime, duration }) =>
        Math.max(0, Math.min(startTime + duration, sinceMs + ms) - Math.max(startTime, sinceMs)),
      )
      pauses = []
      return within.reduce((sum, part) => sum + part, 0)
    },
    stop: () => observer.disconnect(),
  }
}

const round = (ms: number) => Math.round(ms * 100) / 100

async function fuzz(make: () => Target, next: () => Buffer, count: number): Promise<Outcome> {
  const target = make()
  let slowest = { ms: 0, bytes: '' }
  let longest: Longest = { ms: 0, garbageMs: 0 }
  let heapAfterStart = 0
  const garbage = watchGarbage()
  const startedMs = performance.now()
  for (let done = 0; done < count; done += TOGETHER) {
    let long: { sinceMs: number; ms: number } | null = null
    for (let n = 0; n < TOGETHER; n++) {
      const bytes = next()
      const sinceMs = performance.now()
      let ms: number
      try {
        ms = await timeOf(target, bytes)
      } catch (cause) {
        throw new Error(`fails on ${bytes.toString('hex')}`, { cause })
      }
      if (ms > (long?.ms ?? longest.ms)) long = { sinceMs, ms }
      if (ms <= slowest.ms) continue
      const own = Math.min(ms, await ownTime(make, target, bytes, slowest.ms))
      if (own > slowest.ms) slowest = { ms: own, bytes: bytes.toString('hex') }
    }
    const garbageMs = await garbage.take(long?.sinceMs ?? 0, long?.ms ?? 0)
    if (long) longest = { ms: long.ms, garbageMs }
    // Caches are full by then; what grows after it grows without end.
    if (heapAfterStart === 0 && done >= count / 4) heapAfterStart = heapMiB()
  }
  garbage.stop()
  return {
    messages: count,
    perSecond: Math.round(count / ((performance.now() - startedMs) / 1000)),
    slowestMs: round(slowest.ms),
    slowest: slowest.bytes,
    longest: { ms: round(longest.ms), garbageMs: round(longest.garbageMs) },
    heapGrownMiB: Math.round((heapMiB() - heapAfterStart) * 10) / 10,
  }
}

/** Mutated datagrams and DNS messages in so many parts; rejects at the first that does harm. */
export async function fuzzDiscovery(o: { seed: number; messages: number }) {
  const random = createRandom(o.seed)
  const corpus = await createCorpus(random)
  const id = random.bytes(20)
  const share = (part: number) => Math.round(o.messages * part)
  const from = (list: readonly Buffer[]) => () => mutate(list, random)
  return {
    dhtDatagrams: await fuzz(() => dhtNode(id), from(corpus.krpc), share(0.45)),
    dnsReplies: await fuzz(() => dnsReaders, from(corpus.replies), share(0.25)),
    dnsQuestions: await fuzz(() => dnsServer(corpus), from(corpus.questions), share(0.25)),
    dnsForwarded: await fuzz(() => dnsForwarded(corpus), from(corpus.tails), share(0.05)),
  }
}

/** `npm run prove -- fuzz-discovery`. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  const parts = await fuzzDiscovery({ seed, messages: 10_000_000 })
  const all = Object.values(parts)
  const slowestMs = Math.max(...all.map((part) => part.slowestMs))
  if (slowestMs > LIMIT_MS) throw new Error(`one message took ${slowestMs} ms`)
  return {
    messages: all.reduce((sum, { messages }) => sum + messages, 0),
    crashes: 0,
    slowestMs,
    limitMs: LIMIT_MS,
    dhtDatagrams: { ...parts.dhtDatagrams },
    dnsReplies: { ...parts.dnsReplies },
    dnsQuestions: { ...parts.dnsQuestions },
    dnsForwarded: { ...parts.dnsForwarded },
  }
}
