import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Teardown } from '@pubky/server-kit'
import { type HomeserverProcess, startHomeserverProcess } from './homeserver-process.ts'
import { putRequests, settle, type Writer } from './homeserver-requests.ts'
import type { StreamLoad, StreamResult } from './homeserver-stream-load.ts'
import { createRandom } from './random.ts'
import { type Figures, percentile } from './result.ts'

const PEOPLE = 200
const SUBSCRIBERS = 1000
const USERS_EACH = 20
const WRITES_PER_SECOND = 200
const SECONDS = 90
const WARM_UP_SECONDS = 3
const BODY_BYTES = 300
const GOAL_P99_MS = 250
const GOAL_MIB = 450
/**
 * Between the middle and the end. The log that is kept in memory is full after 20 s, and the heap has
 * been as large as it gets by the second full collection, after about 35 s.
 */
const FLAT_MIB = 40

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const [result] = (await once(child, 'message')) as [T | { error: string }]
  if (typeof result === 'object' && result !== null && 'error' in result)
    throw new Error(String(result.error))
  return result as T
}

/** What is written in turn by everybody, so that each write reaches as many subscribers. */
async function writesBy(writers: readonly Writer[]): Promise<StreamLoad['writes']> {
  const count = WRITES_PER_SECOND * (WARM_UP_SECONDS + SECONDS)
  const requests = await putRequests(writers, { count, bytes: BODY_BYTES })
  return requests.map((request) => {
    const head = Buffer.from(request).toString('latin1', 0, 200)
    return { request, id: /\/posts\/([0-9A-Z]{13}) /.exec(head)?.[1] ?? '' }
  })
}

/** Subscribers follow people in a circle, so that all are followed equally. */
function targetsOf(writers: readonly Writer[]): string[] {
  return Array.from({ length: SUBSCRIBERS }, (_, i) => {
    const followed = Array.from(
      { length: USERS_EACH },
      (_, n) => writers[(i * 7 + n * 9) % writers.length]?.key ?? '',
    )
    return `/events-stream?live=true&user=${followed.join('&user=')}`
  })
}

async function sampled(server: HomeserverProcess, until: Promise<unknown>): Promise<number[]> {
  const samples: number[] = []
  const timer = setInterval(() => samples.push(server.memoryMiB()), 1000)
  await until.finally(() => clearInterval(timer))
  return samples
}

/** 1,000 live streams of 20 people each, with 200 signed writes per second. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  const loadBefore = Math.round((loadavg()[0] ?? 0) * 100) / 100
  const dir = await mkdtemp(join(tmpdir(), 'pubky-bench-streams-'))
  await using teardown = new Teardown()
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  const o = { dir, seed: createRandom(seed).bytes(32), fsync: true }
  const server = await startHomeserverProcess(teardown, o)
  const http = `http://127.0.0.1:${server.port}`
  const writers: Writer[] = []
  for (let i = 0; i < PEOPLE; i += 1) writers.push(await settle(http, server.publicKey))
  const writes = await writesBy(writers)
  const expected = (writes.length * SUBSCRIBERS * USERS_EACH) / PEOPLE
  const load: StreamLoad = {
    port: server.port,
    targets: targetsOf(writers),
    writes,
    perSecond: WRITES_PER_SECOND,
    warmUpWrites: WRITES_PER_SECOND * WARM_UP_SECONDS,
    expected,
  }
  const child = fork(join(import.meta.dirname, 'homeserver-stream-load.ts'), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  })
  teardown.add(async () => {
    child.kill()
  })
  child.send(load)
  await answerOf(child)
  const idleMiB = server.memoryMiB()
  const usedBefore = server.processorSeconds()
  const running = answerOf<StreamResult>(child)
  child.send('go')
  const memory = await sampled(server, running)
  const { deliveries, latencies, warmUpLatencies, ms } = await running
  const used = server.processorSeconds() - usedBefore
  const at = (share: number) => memory[Math.floor((memory.length - 1) * share)] ?? 0
  const [middle, end, most] = [at(0.5), at(1), Math.max(...memory)]
  const p99Ms = Math.round(percentile(latencies, 0.99))
  const isWhole = deliveries === expected
  return {
    what: '1,000 live streams of 20 people each, 200 signed writes per second, fsync on; subscribers and writers on the same machine',
    loadBefore,
    writesPerSecond: Math.round((writes.length / ms) * 1000),
    deliveriesPerSecond: Math.round((deliveries / ms) * 1000),
    deliveries,
    expected,
    p50Ms: Math.round(percentile(latencies, 0.5)),
    p99Ms,
    mostMs: Math.round(percentile(latencies, 1)),
    warmUp: {
      seconds: WARM_UP_SECONDS,
      p99Ms: Math.round(percentile(warmUpLatencies, 0.99)),
    },
    processorShare: Math.round((used / (ms / 1000)) * 100) / 100,
    memory: { idleMiB, quarterMiB: at(0.25), middleMiB: middle, endMiB: end, mostMiB: most },
    goal: { p99Ms: GOAL_P99_MS, memoryMiB: GOAL_MIB, growthMiB: FLAT_MIB },
    reached: isWhole && p99Ms < GOAL_P99_MS && most < GOAL_MIB && end - middle < FLAT_MIB,
  }
}
