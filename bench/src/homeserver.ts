import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomKeypair, signerFromKeypair, verifySignature } from '@pubky/protocol'
import { Teardown } from '@pubky/server-kit'
import { bareDownloads, bareGets, bareUploads, plainWrites } from './homeserver-baselines.ts'
import type { LoadResult } from './homeserver-load.ts'
import { startHomeserverProcess } from './homeserver-process.ts'
import { getRequests, putHeads, putRequests, settle, type Writer } from './homeserver-requests.ts'
import { load, rate } from './load.ts'
import { type Figures, percentile } from './result.ts'

const PEOPLE = 20
const SECONDS = 2
/** Ratios are taken side by side, again and again, because a shared machine is never equally fast. */
const ROUNDS = 3
const BODY_BYTES = 1024
const BLOB_BYTES = 100_000
const LARGE_BYTES = 100_000_000
const PUTS_PER_SECOND = 20_000
const EVENTS_PER_PAGE = 1000

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function figuresOf(result: LoadResult): Figures {
  return {
    perSecond: rate(result),
    p50Ms: round(percentile(result.latencies, 0.5)),
    p99Ms: round(percentile(result.latencies, 0.99)),
  }
}

interface Round {
  measured: LoadResult
  /** Per second. */
  baseline: number
}

interface Goal {
  perSecond?: number
  ratio?: number
}

function judged(figures: Figures, goal: Goal): Figures {
  const missed = Object.entries(goal).some(([name, least]) => Number(figures[name]) < least)
  return { ...figures, goal: { ...goal }, reached: !missed }
}

/** The round whose ratio is the middle one. */
function compare(rounds: readonly Round[], goal?: Goal): Figures {
  const ratios = rounds.map(
    ({ measured, baseline }) => ((measured.count / measured.ms) * 1000) / baseline,
  )
  const middle = [...ratios].sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0
  const middleRound = rounds[ratios.indexOf(middle)]
  if (!middleRound) return {}
  const figures = {
    ...figuresOf(middleRound.measured),
    baselinePerSecond: round(middleRound.baseline),
    ratio: round(middle),
    ratios: ratios.map(round),
  }
  return goal ? judged(figures, goal) : figures
}

async function rounds(
  measure: () => Promise<LoadResult>,
  baseline: () => Promise<number>,
  count = ROUNDS,
): Promise<Round[]> {
  const found: Round[] = []
  for (let i = 0; i < count; i += 1)
    found.push({ measured: await measure(), baseline: await baseline() })
  return found
}

function perSecond({ count, ms }: LoadResult): number {
  return (count / ms) * 1000
}

interface Bench {
  port: number
  writers: Writer[]
  databaseUrl: string
  dir: string
}

/** What one signature costs this machine, with nothing around it: most of what signed writes cost more. */
async function verificationMicros(): Promise<number> {
  const { publicKey, sign } = signerFromKeypair(randomKeypair())
  const message = randomBytes(200)
  const signature = await sign(message)
  const times: number[] = []
  for (let i = 0; i < 3000; i += 1) {
    const sinceMs = performance.now()
    await verifySignature(publicKey, message, signature)
    times.push((performance.now() - sinceMs) * 1000)
  }
  return Math.round(percentile(times.slice(500), 0.5))
}

async function writes({ port, writers, databaseUrl }: Bench): Promise<Figures> {
  const putLoad = { port, cycle: false, seconds: SECONDS, expect: 201 }
  const putsAt = async (connections: number, signed = true) => {
    const count = Math.ceil(PUTS_PER_SECOND * SECONDS * Math.min(1, connections / 16))
    const requests = await putRequests(writers, { count, bytes: BODY_BYTES, signed })
    return load({ ...putLoad, connections, requests })
  }
  // A server that was just started compiles for seconds.
  await putsAt(32)
  const [one, eight] = [await putsAt(1), await putsAt(8)]
  const plain = await rounds(
    () => putsAt(32),
    () => plainWrites(databaseUrl),
  )
  const unsigned = await rounds(
    () => putsAt(32),
    async () => rate(await putsAt(32, false)),
    5,
  )
  const signed = [...plain, ...unsigned].map(({ measured }) => rate(measured))
  const middle = percentile(signed, 0.5)
  return {
    puts: { connections1: figuresOf(one), connections8: figuresOf(eight) },
    puts32: judged({ perSecond: middle, rounds: signed }, { perSecond: 4000 }),
    puts32BesidePlainRows: compare(plain),
    puts32BesideUnsigned: compare(unsigned, { ratio: 0.7 }),
  }
}

async function reads({ port, writers }: Bench): Promise<Figures> {
  const requests = getRequests(writers, 50)
  const getLoad = { port, connections: 32, cycle: true, seconds: SECONDS, expect: 200 }
  // As before the writes: what counts is a server that has been running.
  await load({ ...getLoad, requests })
  const gets = await rounds(
    () => load({ ...getLoad, requests }),
    async () => rate(await bareGets()),
  )
  const page = Buffer.from(
    `GET /events/?limit=${EVENTS_PER_PAGE} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
  )
  const pages = await load({ ...getLoad, connections: 4, requests: [page] })
  return {
    gets32BesideBareNode: compare(gets, { perSecond: 10_000, ratio: 0.35 }),
    eventPagesOf1000: {
      ...figuresOf(pages),
      eventsPerSecond: Math.round(perSecond(pages) * EVENTS_PER_PAGE),
    },
  }
}

async function blobs({ port, writers }: Bench): Promise<Figures> {
  const body = randomBytes(BLOB_BYTES)
  const at = async (connections: number) => {
    const requests = await putHeads(writers, { count: 3000 * SECONDS, body })
    const o = { port, connections, requests, body, cycle: false, seconds: SECONDS, expect: 201 }
    const result = await load(o)
    const megabytesPerSecond = round((perSecond(result) * BLOB_BYTES) / 1e6)
    return { ...figuresOf(result), megabytesPerSecond }
  }
  // As before the writes.
  await at(32)
  const eight = await at(8)
  const rounds: Figures[] = []
  for (let i = 0; i < ROUNDS; i += 1) rounds.push(await at(32))
  const middle = rounds.sort((a, b) => Number(a.perSecond) - Number(b.perSecond))[1]
  return {
    blobPuts100kB: {
      connections8: eight,
      connections32: judged(middle ?? {}, { perSecond: 2000 }),
      rounds: rounds.map((one) => Number(one.perSecond)),
    },
  }
}

/** One file after the other on one connection, beside a server that does nothing else. */
async function large({ port, writers, dir }: Bench): Promise<Figures> {
  const body = randomBytes(LARGE_BYTES)
  const [writer] = writers
  if (!writer) return {}
  const count = 3
  const one = { port, connections: 1, cycle: false, seconds: 60 }
  let paths: string[] = []
  const uploads = await rounds(
    async () => {
      const requests = await putHeads([writer], { count, body, signed: false })
      paths = requests.map((head) => Buffer.from(head).toString().split(' ')[1] ?? '')
      return load({ ...one, requests, body, expect: 201 })
    },
    async () => perSecond(await bareUploads(body, count)),
  )
  const file = join(dir, 'large')
  await writeFile(file, body)
  const downloads = await rounds(
    () => {
      const requests = paths.map((path) =>
        Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`),
      )
      return load({ ...one, requests, expect: 200 })
    },
    async () => perSecond(await bareDownloads(file, body.length, count)),
  )
  const inMegabytes = (found: readonly Round[]) => {
    const { ratio = 0, ratios = [] } = compare(found)
    const speeds = found.map(({ measured }) => (perSecond(measured) * LARGE_BYTES) / 1e6)
    const middle = Math.round(percentile(speeds, 0.5))
    return judged({ megabytesPerSecond: middle, ratio, ratios }, { ratio: 0.5 })
  }
  return {
    uploads100MBBesideBareHashing: inMegabytes(uploads),
    downloads100MBBesideBareFile: inMegabytes(downloads),
  }
}

/** Signed PUTs, GETs and blobs of one homeserver, durable, with the load on the same machine. */
export async function run(_: { seed: number }): Promise<Figures> {
  // Above zero, others used the machine, too.
  const loadBefore = round(loadavg()[0] ?? 0)
  const dir = await mkdtemp(join(tmpdir(), 'pubky-bench-homeserver-'))
  await using teardown = new Teardown()
  teardown.add(() => rm(dir, { recursive: true, force: true }))
  const server = { dir, seed: randomBytes(32), fsync: true, quotaMb: null }
  const { port, publicKey, databaseUrl } = await startHomeserverProcess(teardown, server)
  const writers: Writer[] = []
  for (let i = 0; i < PEOPLE; i += 1)
    writers.push(await settle(`http://127.0.0.1:${port}`, publicKey))
  const bench = { port, writers, databaseUrl, dir }
  // What is read later; it also warms everything up.
  const requests = await putRequests(writers, { count: PEOPLE * 50, bytes: BODY_BYTES })
  await load({ port, connections: 32, cycle: false, seconds: 120, expect: 201, requests })
  return {
    what: 'signed 1 kB PUTs by client keys with a certificate, fsync on; load generator on the same machine',
    loadBefore,
    verificationMicros: await verificationMicros(),
    ...(await writes(bench)),
    ...(await reads(bench)),
    ...(await blobs(bench)),
    ...(await large(bench)),
    loadAfter: round(loadavg()[0] ?? 0),
  }
}
