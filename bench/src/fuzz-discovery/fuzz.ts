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

interface Outcome {
  messages: number
  perSecond: number
  slowestMs: number
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

/** Time of one message; what took long is tried again, since other processes take their turns. */
async function timed(target: Target, bytes: Buffer): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 50 && best > LIMIT_MS; tries++) {
    const sinceMs = performance.now()
    await target(bytes)
    best = Math.min(best, performance.now() - sinceMs)
  }
  return best
}

async function fuzz(target: Target, next: () => Buffer, count: number): Promise<Outcome> {
  let slowestMs = 0
  let heapAfterStart = 0
  const startedMs = performance.now()
  for (let done = 0; done < count; done += TOGETHER) {
    for (let n = 0; n < TOGETHER; n++) {
      const bytes = next()
      const sinceMs = performance.now()
      try {
        // What is answered late waits for nothing but its turn, so that this is its time, too.
        const late = target(bytes)
        if (late) await late
      } catch (cause) {
        throw new Error(`fails on ${bytes.toString('hex')}`, { cause })
      }
      const ms = performance.now() - sinceMs
      if (ms > slowestMs) slowestMs = ms > LIMIT_MS ? await timed(target, bytes) : ms
    }
    await undefined
    // Caches are full by then; what grows after it grows without end.
    if (heapAfterStart === 0 && done >= count / 4) heapAfterStart = heapMiB()
  }
  return {
    messages: count,
    perSecond: Math.round(count / ((performance.now() - startedMs) / 1000)),
    slowestMs: Math.round(slowestMs * 100) / 100,
    heapGrownMiB: Math.round((heapMiB() - heapAfterStart) * 10) / 10,
  }
}

/** Mutated datagrams and DNS messages in so many parts; rejects at the first that does harm. */
export async function fuzzDiscovery(o: { seed: number; messages: number }) {
  const random = createRandom(o.seed)
  const corpus = await createCorpus(random)
  const share = (part: number) => Math.round(o.messages * part)
  const from = (list: readonly Buffer[]) => () => mutate(list, random)
  return {
    dhtDatagrams: await fuzz(dhtNode(random), from(corpus.krpc), share(0.45)),
    dnsReplies: await fuzz(dnsReaders, from(corpus.replies), share(0.25)),
    dnsQuestions: await fuzz(dnsServer(corpus), from(corpus.questions), share(0.25)),
    dnsForwarded: await fuzz(dnsForwarded(corpus), from(corpus.tails), share(0.05)),
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
