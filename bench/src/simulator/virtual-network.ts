import { createAnswers } from '@pubky/dht/answers'
import { type Address, type Contact, compareDistance, decodeContacts } from '@pubky/dht/contact'
import { createGuests } from '@pubky/dht/guests'
import { targetOf } from '@pubky/dht/item-store'
import type { Encodable } from '@pubky/dht/krpc/bencode'
import type { Query } from '@pubky/dht/krpc/message'
import type { AskResult } from '@pubky/dht/krpc/socket'
import { createGate } from '@pubky/dht/machine/gate'
import { createNeighbours } from '@pubky/dht/machine/neighbours'
import { createNetworkSize } from '@pubky/dht/machine/network-size'
import { createRoundTrips } from '@pubky/dht/machine/round-trips'
import { createStorage } from '@pubky/dht/machine/storage'
import { createTokens } from '@pubky/dht/machine/tokens'
import { type LookupContext, runLookup } from '@pubky/dht/run-lookup'
import { runPut } from '@pubky/dht/run-put'
import { secureIdFor } from '@pubky/dht/secure-id'
import type { MutableItem } from '@pubky/sdk/dht'
import type { Random } from '../random.ts'
import type { Hostility } from './hostile.ts'
import { createVirtualTime } from './virtual-time.ts'

export interface WorldOptions {
  nodes: number
  /** One-way delay: its median over pairs of nodes, in ms, and how widely it is spread. */
  delay: { medianMs: number; sigma: number }
  /** Share of datagrams that are lost. */
  loss: number
  /** Milliseconds a node has to answer. */
  timeoutMs: number
  /** Questions of one look-up at once. */
  concurrency?: number
  /** Whether a look-up goes on without nodes that are slower than the others. */
  patience: boolean
  random: Random
}

export interface VirtualNode extends Contact {
  isAlive: boolean
  hostility: Hostility | null
  contacts: Contact[]
  receive: (query: Query, from: Address) => void
}

/** Contacts that a routing table holds at each distance (the k of Kademlia). */
const BUCKET = 20
const PORT = 6881
const LEAST_PATIENCE_MS = 200

/**
 * Thousands of nodes in one process. Answers, storage, tokens, look-ups and publications are those of
 * `packages/dht`; sockets, routing tables and the clock are made up. A signature counts when this
 * world has made it: to verify it truly would take most of the time and show nothing else.
 */
export function createWorld(o: WorldOptions) {
  const { random } = o
  const time = createVirtualTime()
  const clock = () => BigInt(Math.round(time.nowMs() * 1000)) + 1_700_000_000_000_000n
  const bytes = (n: number) => random.bytes(n)
  const guests = createGuests()
  const genuine = new Set<string>()
  const byHost = new Map<string, VirtualNode>()
  /** Where the reply to a question that is on its way goes. */
  const waiting = new Map<string, (reply: AskResult) => void>()
  let nodes: VirtualNode[] = []
  let transactions = 0

  /** Two numbers that look normally distributed make delays that look like those of the internet. */
  function delayMs(): number {
    const gauss =
      Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    return o.delay.medianMs * Math.exp(o.delay.sigma * gauss)
  }

  function freshHost(): string {
    for (;;) {
      const host = `${20 + random.below(60)}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`
      if (!byHost.has(host)) return host
    }
  }

  function addNode(
    hostility: Hostility | null = null,
    near: Uint8Array | null = null,
  ): VirtualNode {
    const host = freshHost()
    const node: VirtualNode = {
      id: near ? nearestId(host, near) : secureIdFor(host, bytes),
      host,
      port: PORT,
      isAlive: true,
      hostility,
      contacts: [],
      receive: () => {},
    }
    const storage = createStorage({ maxItems: 1000, maxBytes: 2 << 20 })
    const socket = {
      reply: (to: Address, t: Uint8Array, r: Record<string, Encodable | undefined>) =>
        send(node, to, t, { ok: answerOf(t, r) }),
      refuse: (to: Address, t: Uint8Array, code: number) => send(node, to, t, { error: code }),
    }
    node.receive = createAnswers({
      id: node.id,
      store: {
        get: storage.get,
        async put(item, cas) {
          if (!genuine.has(signatureOf(item))) return 'invalid'
          return storage.put(targetOf(item.key), item, cas).outcome
        },
      },
      guests,
      tokens: createTokens(clock, bytes),
      socket: () => socket,
      closest: (target, count) => closestOf(node.contacts, target, count),
      warn: () => {},
    })
    nodes.push(node)
    byHost.set(host, node)
    return node
  }

  /** The best of the eight places that an address may have (BEP42). */
  function nearestId(host: string, target: Uint8Array): Uint8Array {
    const choices = Array.from({ length: 8 }, (_, r) =>
      secureIdFor(host, (n) => bytes(n).with(n - 1, r)),
    )
    return choices.sort((a, b) => compareDistance(target, a, b))[0] ?? bytes(20)
  }

  function send(from: VirtualNode, to: Address, t: Uint8Array, reply: AskResult): void {
    if (!from.isAlive || random.next() < o.loss) return
    const key = `${to.host}/${Buffer.from(t).toString('hex')}`
    time.after(delayMs(), () => waiting.get(key)?.(reply))
  }

  async function ask(
    from: Address,
    to: Address,
    q: string,
    a: Record<string, Encodable | undefined>,
  ): Promise<AskResult> {
    const t = Buffer.alloc(4)
    t.writeUInt32BE(transactions++ % 2 ** 32)
    const key = `${from.host}/${t.toString('hex')}`
    return new Promise((resolve) => {
      const finish = (result: AskResult) => {
        cancel()
        waiting.delete(key)
        resolve(result)
      }
      const cancel = time.after(o.timeoutMs, () => finish({ failed: 'timeout' }))
      waiting.set(key, finish)
      const node = byHost.get(to.host)
      if (!node || random.next() < o.loss) return
      time.after(delayMs(), () => {
        if (!node.isAlive) return
        const query = queryOf(t, q, a)
        if (node.hostility) {
          const reply = node.hostility(query, node, from)
          if (reply !== 'as-honest') {
            if (reply) send(node, from, t, { ok: reply })
            return
          }
        }
        node.receive(query, from)
      })
    })
  }

  /** A node of ours that asks: what the look-ups of `packages/dht` need. */
  function client(): LookupContext & { readOnly: boolean } {
    const from = { host: freshHost(), port: PORT }
    const id = secureIdFor(from.host, bytes)
    let contacts = tableFor(id)
    return {
      id,
      network: 'mainnet',
      ask: (to, q, a) => ask(from, to, q, a),
      nowMs: time.nowMs,
      after: (ms, call) => (o.patience ? time.after(ms, call) : () => {}),
      roundTrips: createRoundTrips({ leastMs: LEAST_PATIENCE_MS, mostMs: o.timeoutMs }),
      ...(o.concurrency === undefined ? {} : { concurrency: o.concurrency }),
      size: createNetworkSize(),
      gate: createGate(64, 1000),
      verify: async (item) => genuine.has(signatureOf(item)),
      store: { get: () => null, put: async () => 'busy' },
      neighbours: createNeighbours(clock),
      bootstrap: [],
      closest: (target, count) => closestOf(contacts, target, count),
      forget(gone) {
        contacts = contacts.filter((contact) => Buffer.compare(contact.id, gone) !== 0)
      },
      readOnly: true,
    }
  }

  /** Sorted by id, so that those that share the first bits lie side by side. */
  let sorted: VirtualNode[] = []

  /** What the table of a node with this id would hold: at most so many of each distance. */
  function tableFor(id: Uint8Array): Contact[] {
    const table: Contact[] = []
    let [low, high] = [0, sorted.length]
    for (let bit = 0; bit < 40 && high > low; bit++) {
      const split = firstWithBit(low, high, bit)
      const mine = ((id[bit >> 3] ?? 0) >> (7 - (bit % 8))) & 1
      const [from, to] = mine ? [low, split] : [split, high]
      const size = to - from
      const start = size > BUCKET ? random.below(size) : 0
      for (let n = 0; n < Math.min(size, BUCKET); n++) {
        const other = sorted[from + ((start + n * 7919) % size)]
        if (other && !table.includes(other)) table.push(other)
      }
      if (mine) low = split
      else high = split
    }
    return table
  }

  function firstWithBit(low: number, high: number, bit: number): number {
    let [from, to] = [low, high]
    while (from < to) {
      const middle = (from + to) >> 1
      const byte = sorted[middle]?.id[bit >> 3] ?? 0
      if ((byte >> (7 - (bit % 8))) & 1) to = middle
      else from = middle + 1
    }
    return from
  }

  /** Gives every node its table, as long upkeep would have filled it; the dead are not known yet. */
  function connect(): void {
    sorted = [...nodes].sort((a, b) => Buffer.compare(a.id, b.id))
    for (const node of nodes) node.contacts = tableFor(node.id)
  }

  function forget(gone: ReadonlySet<VirtualNode>): void {
    for (const { host } of gone) byHost.delete(host)
    nodes = nodes.filter((node) => !gone.has(node))
  }

  /** An item with a signature that this world takes for genuine. */
  function sign(key: Uint8Array, seq: bigint): MutableItem {
    const value = new Uint8Array(100).fill(Number(seq % 256n))
    const item = { key, seq, value, sig: bytes(64) }
    genuine.add(signatureOf(item))
    return item
  }

  return {
    time,
    nodes: () => nodes,
    addNode,
    connect,
    forget,
    client,
    sign,
    resolve: (as: LookupContext, key: Uint8Array) => runLookup(as, key),
    publish: (as: LookupContext & { readOnly: boolean }, item: MutableItem) => runPut(as, item),
  }
}

export type World = ReturnType<typeof createWorld>

function signatureOf({ key, seq, sig }: MutableItem): string {
  return `${Buffer.from(key).toString('latin1')}${seq}${Buffer.from(sig).toString('latin1')}`
}

function closestOf(contacts: readonly Contact[], target: Uint8Array, count: number): Contact[] {
  return [...contacts].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)
}

function queryOf(t: Uint8Array, q: string, a: Record<string, Encodable | undefined>): Query {
  const get = <T>(name: string) => a[name] as T
  const body: Query['body'] =
    q === 'put'
      ? {
          q,
          token: get('token'),
          key: get('k'),
          sig: get('sig'),
          seq: get('seq'),
          value: get('v'),
          cas: get<bigint | undefined>('cas') ?? null,
          salt: null,
        }
      : { q: 'get', target: get('target'), seq: get<bigint | undefined>('seq') ?? null }
  return { kind: 'query', t, id: get('id'), readOnly: true, body }
}

function answerOf(
  t: Uint8Array,
  r: Record<string, Encodable | undefined>,
): Extract<AskResult, { ok: unknown }>['ok'] {
  const get = <T>(name: string) => r[name] as T | undefined
  const [key, sig, seq, value] = [
    get<Uint8Array>('k'),
    get<Uint8Array>('sig'),
    get<bigint>('seq'),
    get<Uint8Array>('v'),
  ]
  const nodes = get<Uint8Array>('nodes')
  return {
    kind: 'answer',
    t,
    id: get<Uint8Array>('id') ?? new Uint8Array(20),
    token: get<Uint8Array>('token') ?? null,
    nodes: nodes ? decodeContacts(nodes) : [],
    values: [],
    seq: seq ?? null,
    item: key && sig && value && seq !== undefined ? { key, sig, seq, value } : null,
  }
}
