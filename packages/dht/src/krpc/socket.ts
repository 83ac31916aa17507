import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { EventEmitter } from 'node:events'
import { isIPv4 } from 'node:net'
import {
  type Address,
  encodeAddress,
  encodeContacts,
  isAllowedAddress,
  type NetworkKind,
} from '../contact.ts'
import { type BucketLimit, createBuckets } from '../machine/buckets.ts'
import { after } from '../patient-timer.ts'
import { type Encodable, encodeBencode } from './bencode.ts'
import { type Answer, parseMessage, type Query } from './message.ts'

/** Received datagrams above this size are dropped (the official receive buffer). */
const MAX_DATAGRAM_BYTES = 2048
const MAX_IN_FLIGHT = 2000
/** For bursts; the system may give less. */
const RECEIVE_BUFFER_BYTES = 1 << 20
const MAX_RATE_KEYS = 10_000
/** Peers in one reply, so that a small question cannot cause a large answer to somebody else. */
const MAX_VALUES = 40
const VERSION = Buffer.from('PB\0\x01', 'latin1')

export interface SocketOptions {
  network: NetworkKind
  clock: () => bigint
  random: (bytes: number) => Uint8Array
  timeoutMs: number
  readOnly: boolean
  perAddress: BucketLimit
  total: BucketLimit
  /** Answers `get` and `put`; the other queries go to the library. */
  onItemQuery: (query: Query, from: Address) => void
  /** A valid query came from this node, which is not read-only. */
  onSender: (id: Uint8Array, from: Address) => void
  /** Whether an answering node may enter the routing table. */
  admits: (id: Uint8Array, from: Address) => boolean
}

export type AskResult =
  | { ok: Answer }
  | { error: number }
  | { failed: 'timeout' | 'closed' | 'refused' }

interface Transaction extends Address {
  tids: string[]
  cancels: (() => void)[]
  settle: (result: AskResult) => void
}

/** What bittorrent-dht hands over: a peer with `host` or `address`. */
interface LibraryPeer {
  host?: string
  address?: string
  port: number
  id?: Uint8Array
}
interface LibraryMessage {
  q: string
  a: Record<string, Encodable | undefined>
}
type LibraryCallback = (
  error: (Error & { code: number | string }) | null,
  message: unknown,
  peer: unknown,
  query: unknown,
) => void

/**
 * Takes the place of `k-rpc-socket` below bittorrent-dht. That layer had to go: it throws on
 * malformed datagrams, loses digits of 64-bit numbers, uses 2-byte transaction ids that today's
 * nodes drop, matches answers by host alone and has no limits (spec/discovery.md 6.4). Emits the
 * same events as the original: `query`, `response`, `update`, `postupdate`, `listening`, `warning`.
 */
export class KrpcSocket extends EventEmitter {
  inflight = 0
  readonly #o: SocketOptions
  readonly #socket: Socket
  readonly #transactions = new Map<string, Transaction>()
  /** How many questions to an address are open. */
  readonly #asked = new Map<string, number>()
  readonly #perAddress: ReturnType<typeof createBuckets>
  readonly #total: ReturnType<typeof createBuckets>
  readonly #awaited: ReturnType<typeof createBuckets>
  #closed = false

  constructor(o: SocketOptions) {
    super()
    this.#o = o
    this.#perAddress = createBuckets(o.perAddress, MAX_RATE_KEYS)
    this.#total = createBuckets(o.total, 1)
    this.#awaited = createBuckets({ rate: o.total.rate * 4, burst: o.total.burst * 4 }, 1)
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
    this.#socket.on('message', (bytes, from) => this.#receive(bytes, from))
    this.#socket.on('listening', () => this.emit('listening'))
    // ICMP errors of single peers arrive here; they concern nobody else.
    this.#socket.on('error', (error) => this.emit('warning', error))
  }

  /** Resolves when bound; rejects with the system's error. */
  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.bind(port, host, () => {
        this.#socket.off('error', reject)
        resolve()
      })
    })
  }

  address(): { address: string; port: number } {
    return this.#socket.address()
  }

  destroy(done: () => void = () => {}): void {
    if (this.#closed) {
      done()
      return
    }
    this.#closed = true
    for (const transaction of new Set(this.#transactions.values())) {
      transaction.settle({ failed: 'closed' })
    }
    this.#socket.close(done)
  }

  /** Asks one node. Resolves in any case; nothing is sent to an address the network forbids. */
  async ask(to: Address, q: string, a: Record<string, Encodable | undefined>): Promise<AskResult> {
    const address = await this.#resolve(to)
    if (this.#closed) return { failed: 'closed' }
    if (!address || this.#transactions.size >= MAX_IN_FLIGHT) return { failed: 'refused' }
    return new Promise((resolve) => this.#open(address, q, a, resolve))
  }

  #open(
    to: Address,
    q: string,
    a: Record<string, Encodable | undefined>,
    resolve: (result: AskResult) => void,
  ): void {
    const transaction: Transaction = {
      ...to,
      tids: [],
      cancels: [],
      settle: (result) => {
        for (const cancel of transaction.cancels) cancel()
        for (const tid of transaction.tids) this.#transactions.delete(tid)
        this.#count(to, -1)
        this.inflight--
        resolve(result)
        this.emit('update')
        this.emit('postupdate')
      },
    }
    const send = (width: 2 | 4) => {
      const t = this.#freshId(width)
      const tid = Buffer.from(t).toString('hex')
      transaction.tids.push(tid)
      this.#transactions.set(tid, transaction)
      const ro = this.#o.readOnly ? { ro: 1 } : {}
      this.#send(to, { t, y: 'q', q, a, v: VERSION, ...ro })
    }
    this.inflight++
    this.#count(to, 1)
    send(4)
    const { timeoutMs } = this.#o
    transaction.cancels.push(
      // Older nodes read ids of exactly two bytes only; silence may mean one of those, or a loss.
      after(timeoutMs / 3, () => send(2)),
      after(timeoutMs, () => transaction.settle({ failed: 'timeout' })),
    )
  }

  #count({ host, port }: Address, step: 1 | -1): void {
    const address = `${host}:${port}`
    const count = (this.#asked.get(address) ?? 0) + step
    if (count > 0) this.#asked.set(address, count)
    else this.#asked.delete(address)
  }

  /** Unpredictable, so that nobody off the path can answer in another's name. */
  #freshId(width: number): Uint8Array {
    for (;;) {
      const t = this.#o.random(width)
      if (!this.#transactions.has(Buffer.from(t).toString('hex'))) return t
    }
  }

  async #resolve({ host, port }: Address): Promise<Address | null> {
    if (isIPv4(host))
      return isAllowedAddress(this.#o.network, { host, port }) ? { host, port } : null
    try {
      const { address } = await lookup(host, { family: 4 })
      return isAllowedAddress(this.#o.network, { host: address, port })
        ? { host: address, port }
        : null
    } catch (error) {
      this.emit('warning', error)
      return null
    }
  }

  #receive(bytes: Uint8Array, { address: host, port }: RemoteInfo): void {
    if (this.#closed || bytes.length > MAX_DATAGRAM_BYTES) return
    if (!isAllowedAddress(this.#o.network, { host, port })) return
    const now = this.#o.clock()
    // No flood may crowd out the answers this node waits for, not even one in the name of who gives them.
    const mayAsk = () => this.#perAddress.take(host, now) && this.#total.take('', now)
    const isAwaited = this.#asked.has(`${host}:${port}`)
    if (isAwaited ? !this.#awaited.take('', now) : !mayAsk()) return
    const message = parseMessage(bytes)
    if (message === null) return
    const isAnswer = message.kind === 'answer' || message.kind === 'refusal'
    if (isAwaited && !isAnswer && !mayAsk()) return
    const from = { host, port }
    switch (message.kind) {
      case 'answer':
      case 'refusal': {
        const transaction = this.#transactions.get(Buffer.from(message.t).toString('hex'))
        if (transaction?.host !== host || transaction.port !== port) return
        if (message.kind === 'refusal') {
          transaction.settle({ error: message.code })
          return
        }
        transaction.settle({ ok: message })
        if (this.#o.admits(message.id, from)) {
          this.emit('response', { r: { id: Buffer.from(message.id) } }, { address: host, port })
        }
        return
      }
      case 'bad-query':
        if (!this.#o.readOnly) this.refuse(from, message.t, message.code, message.text)
        return
      case 'query':
        if (!this.#o.readOnly) this.#query(message, from)
    }
  }

  #query(query: Query, from: Address): void {
    if (!query.readOnly) this.#o.onSender(query.id, from)
    const { body } = query
    if (body.q === 'get' || body.q === 'put' || body.q === 'put-immutable') {
      this.#o.onItemQuery(query, from)
      return
    }
    // Without the sender's id the library answers but does not believe an unproven address.
    const a: Record<string, unknown> = {}
    if (body.q === 'find_node') a.target = Buffer.from(body.target)
    if (body.q === 'get_peers' || body.q === 'announce_peer')
      a.info_hash = Buffer.from(body.infoHash)
    if (body.q === 'announce_peer') {
      a.token = Buffer.from(body.token)
      a.port = body.port
      a.implied_port = body.implied ? 1 : 0
    }
    const peer = { address: from.host, host: from.host, port: from.port }
    this.emit('query', { t: query.t, y: 'q', q: body.q, a }, peer)
  }

  /** Answers a query with `r`; tells the asker its address, by which it learns that it is reachable. */
  reply(to: Address, t: Uint8Array, r: Record<string, Encodable | undefined>): void {
    this.#send(to, { t, y: 'r', r, ip: encodeAddress(to), v: VERSION })
  }

  refuse(to: Address, t: Uint8Array, code: number, text: string): void {
    this.#send(to, { t, y: 'e', e: [code, text], v: VERSION })
  }

  #send({ host, port }: Address, message: Encodable): void {
    if (this.#closed || !isAllowedAddress(this.#o.network, { host, port })) return
    this.#socket.send(encodeBencode(message), port, host, (error) => {
      if (error) this.emit('warning', error)
    })
  }

  // What follows is the interface of k-rpc-socket, as bittorrent-dht and k-rpc call it.

  query(peer: LibraryPeer, message: LibraryMessage, done: LibraryCallback = () => {}): void {
    const to = { host: peer.host ?? peer.address ?? '', port: peer.port }
    this.ask(to, message.q, message.a).then((result) => {
      const from = { address: to.host, host: to.host, port: to.port }
      if ('failed' in result) {
        done(coded(result.failed, 'ETIMEDOUT'), null, peer, message)
      } else if ('error' in result) {
        done(coded('The node refused.', result.error), null, from, message)
      } else if (peer.id && Buffer.compare(peer.id, result.ok.id) !== 0) {
        done(coded('Unexpected node id', 'EUNEXPECTEDNODE'), null, from, message)
      } else {
        done(null, { r: libraryAnswer(result.ok) }, from, message)
      }
    })
  }

  response(peer: LibraryPeer, query: { t: Uint8Array }, r: Record<string, Encodable>): void {
    const to = { host: peer.host ?? peer.address ?? '', port: peer.port }
    const values = Array.isArray(r.values) ? r.values.slice(0, MAX_VALUES) : undefined
    this.reply(to, query.t, values ? { ...r, values } : r)
  }

  error(peer: LibraryPeer, query: { t: Uint8Array }, [code, text]: [number, string]): void {
    this.refuse({ host: peer.host ?? peer.address ?? '', port: peer.port }, query.t, code, text)
  }
}

function libraryAnswer({ id, token, nodes, values }: Answer): Record<string, unknown> {
  return {
    id: Buffer.from(id),
    nodes: Buffer.from(encodeContacts(nodes)),
    ...(token ? { token: Buffer.from(token) } : {}),
    ...(values.length > 0 ? { values: values.map((value) => Buffer.from(value)) } : {}),
  }
}

function coded(message: string, code: number | string): Error & { code: number | string } {
  return Object.assign(new Error(message), { code })
}
