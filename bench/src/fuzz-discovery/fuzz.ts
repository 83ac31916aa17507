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

type Outcome = {
  messages: number
  perSecond: number
  /** The longest time that a message needs by itself: whoever takes longer once is tried again. */
  slowestMs: number
  slowest: string
  /** What one took from its beginning to its end, garbage and other processes and all. */
  longestMs: number
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

const round = (ms: number) => Math.round(ms * 100) / 100

async function fuzz(make: () => Target, next: () => Buffer, count: number): Promise<Outcome> {
  const target = make()
  let slowest = { ms: 0, bytes: '' }
  let longestMs = 0
  let heapAfterStart = 0
  const startedMs = performance.now()
  for (let done = 0; done < count; done += TOGETHER) {
    for (let n = 0; n < TOGETHER; n++) {
      const bytes = next()
      let ms: number
      try {
        ms = await timeOf(target, bytes)
      } catch (cause) {
        throw new Error(`fails on ${bytes.toString('hex')}`, { cause })
      }
      longestMs = Math.max(longestMs, ms)
      if (ms <= slowest.ms) continue
      const own = Math.min(ms, await ownTime(make, target, bytes, slowest.ms))
      if (own > slowest.ms) slowest = { ms: own, bytes: bytes.toString('hex') }
    }
    await undefined
    // Caches are full by then; what grows after it grows without end.
    if (heapAfterStart === 0 && done >= count / 4) heapAfterStart = heapMiB()
  }
  return {
    messages: count,
    perSecond: Math.round(count / ((performance.now() - startedMs) / 1000)),
    slowestMs: round(slowest.ms),
    slowest: slowest.bytes,
    longestMs: round(longestMs),
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
