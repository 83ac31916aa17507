import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { FLAGS } from './codes.ts'
import { HEADER_BYTES, isSameQuestion } from './wire.ts'

/** Sockets that questions are spread over, so that nobody can guess from which port one went. */
const SOCKETS = 16
/** After so many questions a socket gives way to one on another port. */
const QUESTIONS_PER_SOCKET = 300
const MAX_IN_FLIGHT = 2000
/** So many wrong replies to one question are somebody guessing; then TCP is safer. */
const MAX_WRONG = 8

export interface Server {
  readonly host: string
  readonly port: number
}

/** A reply that passed every check, or why there is none. */
export type Exchange = Buffer | 'timeout' | 'suspicious' | 'busy'

interface Pending {
  server: Server
  message: Buffer
  questionEnd: number
  wrong: number
  settle: (result: Exchange) => void
}

interface Slot {
  socket: Socket
  sent: number
  pending: Map<number, Pending>
}

/** Asks name servers over UDP: random port, random id, and only the reply that fits is taken. */
export function createUdpPool(random: (bytes: number) => Uint8Array) {
  const slots: { udp4: (Slot | null)[]; udp6: (Slot | null)[] } = {
    udp4: new Array<Slot | null>(SOCKETS).fill(null),
    udp6: new Array<Slot | null>(SOCKETS).fill(null),
  }
  const all = new Set<Slot>()
  let inFlight = 0

  function open(kind: 'udp4' | 'udp6'): Slot {
    const slot: Slot = { socket: createSocket(kind), sent: 0, pending: new Map() }
    slot.socket.on('message', (bytes, from) => receive(slot, bytes, from))
    // Unreachable servers are found by their silence.
    slot.socket.on('error', () => {})
    slot.socket.unref()
    all.add(slot)
    return slot
  }

  function retire(slot: Slot): void {
    if (slot.pending.size > 0 || !all.delete(slot)) return
    slot.socket.close()
  }

  function pick(kind: 'udp4' | 'udp6'): Slot {
    const at = (random(1)[0] ?? 0) % SOCKETS
    const known = slots[kind][at]
    if (known && known.sent < QUESTIONS_PER_SOCKET) return known
    if (known) {
      slots[kind][at] = null
      retire(known)
    }
    const fresh = open(kind)
    slots[kind][at] = fresh
    return fresh
  }

  function receive(slot: Slot, bytes: Buffer, from: RemoteInfo): void {
    if (bytes.length < HEADER_BYTES) return
    const pending = slot.pending.get(bytes.readUInt16BE(0))
    if (!pending) return
    const isFrom = from.address === pending.server.host && from.port === pending.server.port
    const isReply = (bytes.readUInt16BE(2) & FLAGS.response) !== 0 && bytes.readUInt16BE(4) === 1
    if (isFrom && isReply && isSameQuestion(bytes, pending.message, pending.questionEnd)) {
      pending.settle(bytes)
      return
    }
    pending.wrong += 1
    if (pending.wrong >= MAX_WRONG) pending.settle('suspicious')
  }

  /** Sends a message, whose id is replaced by one of ours, and waits for the reply to it. */
  function ask(
    server: Server,
    message: Buffer,
    questionEnd: number,
    timeoutMs: number,
  ): Promise<Exchange> {
    if (inFlight >= MAX_IN_FLIGHT) return Promise.resolve('busy')
    const slot = pick(isIPv6(server.host) ? 'udp6' : 'udp4')
    slot.sent += 1
    inFlight += 1
    let id: number
    do id = Buffer.from(random(2)).readUInt16BE(0)
    while (slot.pending.has(id))
    const bytes = Buffer.from(message)
    bytes.writeUInt16BE(id, 0)
    return new Promise((resolve) => {
      const timer = setTimeout(() => pending.settle('timeout'), timeoutMs)
      const pending: Pending = {
        server,
        message: bytes,
        questionEnd,
        wrong: 0,
        settle(result) {
          clearTimeout(timer)
          slot.pending.delete(id)
          inFlight -= 1
          if (slot.sent >= QUESTIONS_PER_SOCKET) {
            const kind = isIPv6(server.host) ? 'udp6' : 'udp4'
            if (!slots[kind].includes(slot)) retire(slot)
          }
          resolve(result)
        },
      }
      slot.pending.set(id, pending)
      slot.socket.send(bytes, server.port, server.host)
    })
  }

  return {
    ask,
    ports: () => [...all].map(({ socket }) => socket.address().port),
    close(): void {
      for (const slot of all) {
        for (const pending of [...slot.pending.values()]) pending.settle('timeout')
        if (all.delete(slot)) slot.socket.close()
      }
    },
  }
}
