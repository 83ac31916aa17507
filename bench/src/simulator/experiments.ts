import { createHash } from 'node:crypto'
import { republishAfterMs, survival } from '../../../pkdns/src/publisher/schedule.ts'
import { createRandom, type Random } from '../random.ts'
import { type Figures, percentile } from '../result.ts'
import { hostilities } from './hostile.ts'
import { createWorld, type VirtualNode, type World, type WorldOptions } from './virtual-network.ts'

/** Wide-area delays: half of the pairs below 60 ms one way, one in a hundred above 260 ms. */
const WIDE_AREA = { medianMs: 60, sigma: 0.63 }
const LOSS = 0.01
const TIMEOUT_MS = 2000

const round = (value: number, places = 1) => Math.round(value * 10 ** places) / 10 ** places
const targetOf = (key: Uint8Array) => createHash('sha1').update(key).digest()

type Start = Partial<WorldOptions> & { nodes: number; random: Random }

function world(o: Start): World {
  return createWorld({ delay: WIDE_AREA, loss: LOSS, timeoutMs: TIMEOUT_MS, patience: true, ...o })
}

function kill(nodes: readonly VirtualNode[], share: number, random: Random): void {
  for (const node of random.shuffle(nodes).slice(0, Math.round(nodes.length * share)))
    node.isAlive = false
}

async function within<T>(net: World, work: Promise<T>): Promise<T> {
  await net.time.run(work)
  return work
}

/** Publishes keys, lets a share of the nodes die, and looks the keys up from elsewhere. */
export async function latency(o: {
  seed: number
  nodes: number
  keys: number
  lookups: number
  deadShare: number
  concurrency?: number
  patience?: boolean
}): Promise<Figures> {
  const random = createRandom(o.seed)
  const { concurrency, patience = true } = o
  const net = world({
    nodes: o.nodes,
    random,
    patience,
    ...(concurrency === undefined ? {} : { concurrency }),
  })
  for (let n = 0; n < o.nodes; n++) net.addNode()
  net.connect()
  const publisher = net.client()
  const keys: Uint8Array[] = []
  const stored: number[] = []
  for (let n = 0; n < o.keys; n++) {
    const key = random.bytes(32)
    const report = await within(net, net.publish(publisher, net.sign(key, 1n)))
    keys.push(key)
    stored.push(report.stored)
  }
  kill(net.nodes(), o.deadShare, random)
  const [firsts, wholes, asked]: [number[], number[], number[]] = [[], [], []]
  let found = 0
  const readers = Array.from({ length: Math.ceil(o.lookups / 20) }, () => net.client())
  for (let n = 0; n < o.lookups; n++) {
    const reader = readers[n % readers.length] ?? publisher
    const sinceMs = net.time.nowMs()
    const lookup = net.resolve(reader, keys[n % keys.length] ?? new Uint8Array(32))
    const first = await within(net, lookup.first())
    if (first) {
      found += 1
      firsts.push(net.time.nowMs() - sinceMs)
    }
    const { report } = await within(net, lookup.newest())
    wholes.push(net.time.nowMs() - sinceMs)
    asked.push(report.queried)
  }
  const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length
  return {
    nodes: o.nodes,
    deadShare: o.deadShare,
    concurrency: concurrency ?? 20,
    patience,
    lookups: o.lookups,
    foundShare: round(found / o.lookups, 4),
    firstP50Ms: round(percentile(firsts, 0.5)),
    firstP99Ms: round(percentile(firsts, 0.99)),
    wholeP50Ms: round(percentile(wholes, 0.5)),
    wholeP99Ms: round(percentile(wholes, 0.99)),
    askedPerLookup: round(mean(asked)),
    storedPerKey: round(mean(stored)),
  }
}

/**
 * Attackers hold a share of all addresses, take the best place near one key that each address allows,
 * and mislead in five ways. An old version is published, then a new one: is the new one found?
 */
export async function eclipse(o: {
  seed: number
  nodes: number
  trials: number
  lookupsPerTrial: number
  hostileShare: number
}): Promise<Figures> {
  const random = createRandom(o.seed)
  let newest = 0
  let older = 0
  let none = 0
  const stored: number[] = []
  for (let trial = 0; trial < o.trials; trial++) {
    const net = world({ nodes: o.nodes, random })
    const key = random.bytes(32)
    const old = net.sign(key, 1n)
    const current = net.sign(key, 2n)
    const enemies: VirtualNode[] = []
    const ways = hostilities({ random, stale: () => old, friends: () => enemies })
    const hostile = Math.round(o.nodes * o.hostileShare)
    for (let n = 0; n < hostile; n++) {
      const way = ways[n % ways.length] ?? null
      enemies.push(net.addNode(way, targetOf(key)))
    }
    for (let n = hostile; n < o.nodes; n++) net.addNode()
    net.connect()
    const publisher = net.client()
    await within(net, net.publish(publisher, old))
    stored.push((await within(net, net.publish(publisher, current))).stored)
    for (let n = 0; n < o.lookupsPerTrial; n++) {
      const { item } = await within(net, net.resolve(net.client(), key).newest())
      if (item?.seq === 2n) newest += 1
      else if (item) older += 1
      else none += 1
    }
  }
  const total = o.trials * o.lookupsPerTrial
  return {
    nodes: o.nodes,
    hostileShare: o.hostileShare,
    trials: o.trials,
    lookups: total,
    newestShare: round(newest / total, 4),
    olderShare: round(older / total, 4),
    noneShare: round(none / total, 4),
    saidToStore: round(stored.reduce((sum, one) => sum + one, 0) / stored.length),
  }
}

/** Draws how long a node that stores something stays, in hours, from the curve of measured churn. */
function lifetimeH(random: Random): number {
  const left = random.next()
  let [low, high] = [0, 10_000]
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2
    if (survival(middle) > left) low = middle
    else high = middle
  }
  return low
}

/**
 * Nodes come and go for days while keys are published at an interval: how many of them resolve when
 * they are asked for just before the next publication, which is when fewest nodes are left?
 */
export async function churn(o: {
  seed: number
  nodes: number
  keys: number
  hours: number
  everyH: number
}): Promise<Figures> {
  const random = createRandom(o.seed)
  const net = world({ nodes: o.nodes, random })
  const deathsH = new Map<VirtualNode, number>()
  const arrive = (nowH: number) => deathsH.set(net.addNode(), nowH + lifetimeH(random))
  for (let n = 0; n < o.nodes; n++) arrive(0)
  net.connect()
  const items = Array.from({ length: o.keys }, () => net.sign(random.bytes(32), 1n))
  let asked = 0
  let found = 0
  const stored: number[] = []
  for (let nowH = 0; nowH < o.hours; nowH += o.everyH) {
    const publisher = net.client()
    for (const item of items) stored.push((await within(net, net.publish(publisher, item))).stored)
    // The dead of the last hours stay in tables until upkeep finds them; older ones are gone.
    const untilH = nowH + o.everyH
    const forgotten = net.nodes().filter((node) => !node.isAlive)
    net.forget(new Set(forgotten))
    for (const node of forgotten) deathsH.delete(node)
    let deaths = 0
    for (const [node, deathH] of deathsH) {
      if (deathH > untilH || !node.isAlive) continue
      node.isAlive = false
      deaths += 1
    }
    for (let n = 0; n < deaths; n++) arrive(untilH)
    net.connect()
    const reader = net.client()
    for (const { key } of items) {
      asked += 1
      if (await within(net, net.resolve(reader, key).first())) found += 1
    }
  }
  return {
    everyHours: o.everyH,
    hours: o.hours,
    asked,
    resolvedShare: round(found / asked, 4),
    storedPerPublication: round(stored.reduce((sum, one) => sum + one, 0) / stored.length),
  }
}

/** The schedule that follows from the churn, for the record. */
export function schedule(): Figures {
  const hours = (stored: number) => round(republishAfterMs(stored) / 3_600_000, 2)
  return {
    afterHours: { nodes1: hours(1), nodes5: hours(5), nodes10: hours(10), nodes20: hours(20) },
  }
}
