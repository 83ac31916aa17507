import { join } from 'node:path'
import { verifyItem } from '@pubky/protocol'
import type { Dht, MutableItem } from '@pubky/sdk/dht'
import { Client } from 'bittorrent-dht'
import { admits } from './admission.ts'
import { createAnswers } from './answers.ts'
import { type Address, type Contact, ID_BYTES, type NetworkKind, parseHostPort } from './contact.ts'
import { loadNodeState, saveNodeState } from './disk/node-state.ts'
import { DhtError } from './errors.ts'
import { createGuests } from './guests.ts'
import { openItemStore } from './item-store.ts'
import { KrpcSocket } from './krpc/socket.ts'
import { type BucketLimit, createBuckets } from './machine/buckets.ts'
import { createFailing } from './machine/failing.ts'
import { createGate } from './machine/gate.ts'
import { createNeighbours } from './machine/neighbours.ts'
import { createNetworkSize, type SizeEstimate } from './machine/network-size.ts'
import { createRoundTrips } from './machine/round-trips.ts'
import type { StorageLimits } from './machine/storage.ts'
import { createTokens } from './machine/tokens.ts'
import { after } from './patient-timer.ts'
import { type LookupContext, runLookup } from './run-lookup.ts'
import { runPut } from './run-put.ts'
import { isSecureId, secureIdFor } from './secure-id.ts'
import { type FewNodes, fewAsked, fewStored, THRESHOLDS, type Thresholds } from './thresholds.ts'

export interface DhtNodeOptions {
  /** Address to bind, IPv4. */
  host: string
  /** UDP port; 0 takes a free one. */
  port: number
  /** `host:port` of nodes to join by; empty for the first node of a private network. */
  bootstrap: readonly string[]
  network: NetworkKind
  /** Folder for id, contacts and items; without it everything is forgotten at the end. */
  dir?: string | undefined
  /** Microseconds since the epoch. */
  clock: () => bigint
  random: (bytes: number) => Uint8Array
  /** IPv4 address of this node on the internet, which its id is then bound to (BEP42). */
  publicIp?: string | undefined
  /** A client that answers nobody and says so (BEP43). */
  readOnly?: boolean
  /** Milliseconds one node has to answer; 2000, on the local network 500. */
  timeoutMs?: number
  storage?: Partial<StorageLimits>
  /** Look-ups that may wait for their turn. */
  waiting?: number
  /** Datagrams taken per second, of one address and in total. */
  rates?: { perAddress: BucketLimit; total: BucketLimit }
  /** Told of what went wrong without harm: unreachable peers, malformed messages. */
  warn?: (error: unknown) => void
  /** Told of look-ups and publications that reached too few nodes; nothing fails by it. */
  onFewNodes?: ((few: FewNodes) => void) | undefined
  thresholds?: Partial<Thresholds>
}

export interface DhtNode extends Dht {
  readonly id: Uint8Array
  /** Resolves when the bootstrap nodes have been asked. */
  readonly ready: Promise<void>
  /** Pings these addresses; those that answer become contacts. Resolves when all have or are late. */
  greet(addresses: readonly Address[]): Promise<void>
  stats(): { contacts: number; items: number; size: SizeEstimate | null }
}

const RATES = {
  local: { perAddress: { rate: 50_000, burst: 50_000 }, total: { rate: 50_000, burst: 50_000 } },
  mainnet: { perAddress: { rate: 100, burst: 300 }, total: { rate: 3000, burst: 6000 } },
} as const
const STORAGE = { maxItems: 50_000, maxBytes: 32 << 20 }
/** A tenth of them may be one address's; on one machine all have the same. */
const ITEMS_PER_ADDRESS = { local: STORAGE.maxItems, mainnet: STORAGE.maxItems / 10 }
const TIMEOUT_MS = { local: 500, mainnet: 2000 }
/** Least time a look-up waits for one node before it goes on without it. */
const PATIENCE_MS = { local: 50, mainnet: 200 }
/** On one machine the processor is shared with all others who answer; far away nobody is in a hurry. */
const LOOKUPS_AT_ONCE = { local: 16, mainnet: 64 }
/** Those that wait for their turn; on mainnet as many as are answered within a few seconds. */
const LOOKUPS_WAITING = { local: 10_000, mainnet: 400 }
/** A contact that has not answered for so long is forgotten. */
const SILENT_MS = { local: 3000, mainnet: 30_000 }
const SAVE_EVERY_MS = 60_000
/** Pings to strangers who asked something, per address and in total. */
const GREET_STRANGER = { rate: 1 / 30, burst: 2 }
const GREET_STRANGERS = { rate: 20, burst: 40 }

/**
 * Starts a node of the Mainline DHT. Throws `dht_bind_failed` when the port is taken and
 * `dht_bootstrap_invalid` for an address that is not `host:port`.
 *
 * @example
 * const node = await startDhtNode({ host: '127.0.0.1', port: 0, bootstrap: [], network: 'local', clock, random })
 */
export async function startDhtNode(o: DhtNodeOptions): Promise<DhtNode> {
  const { network, clock, random, readOnly = false, warn = () => {} } = o
  const timeoutMs = o.timeoutMs ?? TIMEOUT_MS[network]
  const bootstrap = o.bootstrap.map((text) => {
    const address = parseHostPort(text)
    if (!address) throw new DhtError('dht_bootstrap_invalid')
    return address
  })
  const stateFile = o.dir ? join(o.dir, 'node.json') : null
  const known = stateFile ? await loadNodeState(stateFile) : null
  const isUsable = known && (!o.publicIp || isSecureId(known.id, o.publicIp))
  const fresh = () => (o.publicIp ? secureIdFor(o.publicIp, random) : random(ID_BYTES))
  const id = isUsable ? known.id : fresh()
  if (stateFile && !isUsable)
    await saveNodeState(stateFile, { id, contacts: known?.contacts ?? [] })
  const store = await openItemStore({
    file: o.dir && !readOnly ? join(o.dir, 'items.log') : null,
    limits: { ...STORAGE, maxPerOwner: ITEMS_PER_ADDRESS[network], ...o.storage },
    clock,
  })

  const toContact = ({
    id: other,
    host,
    port,
  }: {
    id: Buffer
    host: string
    port: number
  }): Contact => ({
    id: Uint8Array.from(other),
    host,
    port,
  })
  const closest = (target: Uint8Array, count: number): Contact[] =>
    client.nodes.closest(Buffer.from(target), count).map(toContact)
  const perStranger = createBuckets(GREET_STRANGER, 2000)
  const strangers = createBuckets(GREET_STRANGERS, 1)

  const table = {
    get: (other: Buffer) => client.nodes.get(other),
    toArray: () => client.nodes.toArray(),
    remove: (other: Buffer) => client.removeNode(other),
  }
  const failing = createFailing({
    afterMs: SILENT_MS[network],
    nowMs: () => performance.now(),
  })

  const socket = new KrpcSocket({
    network,
    clock,
    random,
    readOnly,
    timeoutMs,
    ...(o.rates ?? RATES[network]),
    onItemQuery: createAnswers({
      id,
      store,
      guests: createGuests(),
      tokens: createTokens(clock, random),
      socket: () => socket,
      closest,
      warn,
    }),
    // A sender enters the table only by answering: source addresses of questions can be forged.
    onSender: (other, from) => {
      if (client.nodes.get(Buffer.from(other))) return
      const now = clock()
      if (!perStranger.take(`${from.host}:${from.port}`, now) || !strangers.take('', now)) return
      client.addNode(from)
    },
    admits: (other, from) => {
      failing.answered(Buffer.from(other).toString('hex'))
      return admits(network, table, other, from)
    },
  })
  try {
    await socket.listen(o.port, o.host)
  } catch (cause) {
    await store.close()
    throw new DhtError('dht_bind_failed', cause)
  }
  const client = new Client({
    krpcSocket: socket,
    nodeId: Buffer.from(id),
    bootstrap: bootstrap.length > 0 ? bootstrap : false,
  })
  client.on('error', warn)
  client.on('warning', warn)
  const ready = new Promise<void>((resolve) => client.once('ready', resolve))
  // The library starts its upkeep when it hears that the socket listens.
  socket.emit('listening')
  void greet(known?.contacts ?? [])

  const ctx: LookupContext & Parameters<typeof runPut>[0] = {
    id,
    network,
    ask: (to, q, a) => socket.ask(to, q, a),
    nowMs: () => performance.now(),
    after,
    roundTrips: createRoundTrips({ leastMs: PATIENCE_MS[network], mostMs: timeoutMs }),
    size: createNetworkSize(),
    gate: createGate(LOOKUPS_AT_ONCE[network], o.waiting ?? LOOKUPS_WAITING[network]),
    verify: verifyItem,
    store,
    neighbours: createNeighbours(clock),
    bootstrap,
    closest,
    forget(other) {
      const id = Buffer.from(other)
      if (failing.failed(id.toString('hex'))) client.removeNode(id)
    },
    readOnly,
  }

  async function greet(addresses: readonly Address[]): Promise<void> {
    await Promise.all(addresses.map((address) => socket.ask(address, 'ping', { id })))
  }

  const contacts = () => client.nodes.toArray().map(toContact)
  let saved: Promise<void> = Promise.resolve()
  /** One after the other: all write to one file. */
  const save = (): Promise<void> => {
    saved = saved
      .then(async () => {
        const met = contacts()
        // Whom it met before is worth more than nobody: its network may have been away all the time.
        if (stateFile)
          await saveNodeState(stateFile, {
            id,
            contacts: met.length > 0 ? met : (known?.contacts ?? []),
          })
      })
      .catch(warn)
    return saved
  }
  const saving = setInterval(() => void save(), SAVE_EVERY_MS)
  saving.unref()
  // A process that is killed in its first minute shall know whom it met, too.
  void ready.then(() => {
    if (!closing && contacts().length > 0) void save()
  })
  let closing: Promise<void> | null = null

  async function close(): Promise<void> {
    clearInterval(saving)
    await save()
    await new Promise<void>((resolve) => client.destroy(resolve))
    await store.close()
  }

  const thresholds = { ...THRESHOLDS[network], ...o.thresholds }
  const tell = (few: FewNodes | null) => {
    if (few && !closing) o.onFewNodes?.(few)
  }
  const mustBeOpen = () => {
    if (closing) throw new DhtError('dht_closed')
  }

  const { address: host, port } = socket.address()
  return {
    id,
    ready,
    address: { host, port },
    get(key, options) {
      mustBeOpen()
      const lookup = runLookup(ctx, key, options)
      lookup.newest().then(
        ({ report }) => tell(fewAsked(report, thresholds)),
        () => {},
      )
      return lookup
    },
    async put(item: MutableItem, options) {
      mustBeOpen()
      const report = await runPut(ctx, item, options)
      tell(fewStored(report, thresholds))
      return report
    },
    nodes: contacts,
    greet,
    stats: () => ({
      contacts: client.nodes.toArray().length,
      items: store.size(),
      size: ctx.size.estimate(),
    }),
    async [Symbol.asyncDispose]() {
      closing ??= close()
      await closing
    },
  }
}
