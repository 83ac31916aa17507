import { connect } from 'node:net'
import { encodeDnsMessage } from '@pubky/protocol'
import { UDP_PAYLOAD_BYTES } from './answer.ts'
import { CLASS_IN, FLAGS, RCODES, TYPE_OPT } from './codes.ts'
import { createUdpPool, type Server } from './udp-pool.ts'
import { HEADER_BYTES, isSameQuestion, readQuery } from './wire.ts'

export interface Wish {
  name: string
  type: number
  /** Recursion is for resolvers; a delegated server is asked for what it has itself. */
  recursive: boolean
  dnssec: boolean
  checkingDisabled: boolean
}

/** Milliseconds one try may take, and all of them together (spec/discovery.md 5.3). */
const TRY_MS = 1500
const TOTAL_MS = 5000

export interface Forwarder {
  /** The checked reply of the first server that has an answer, else a refusal; null when none replies. */
  ask(wish: Wish, servers?: readonly Server[]): Promise<Buffer | null>
  close(): void
}

/**
 * Asks other name servers. Equal questions at one time go out once, which also keeps a guesser from
 * making more of them; a cut reply is fetched again over TCP.
 */
export function createForwarder(o: {
  servers: readonly Server[]
  random: (bytes: number) => Uint8Array
}): Forwarder {
  const pool = createUdpPool(o.random)
  const running = new Map<string, Promise<Buffer | null>>()

  function ask(wish: Wish, servers = o.servers): Promise<Buffer | null> {
    const key = JSON.stringify([wish, servers])
    const known = running.get(key)
    if (known) return known
    const question = tryAll(encode(wish), servers).finally(() => running.delete(key))
    running.set(key, question)
    return question
  }

  async function tryAll(message: Buffer, servers: readonly Server[]): Promise<Buffer | null> {
    const deadline = performance.now() + TOTAL_MS
    const questionEnd = readQuery(message)?.questionEnd ?? HEADER_BYTES
    let refusal: Buffer | null = null
    for (let round = 0; round < 2 && !refusal; round++) {
      for (const server of servers) {
        const leftMs = deadline - performance.now()
        if (leftMs <= 0) return refusal
        const reply = await tryOne(server, message, questionEnd, Math.min(TRY_MS, leftMs))
        if (reply && !isRefusal(reply)) return reply
        refusal ??= reply
      }
    }
    return refusal
  }

  async function tryOne(
    server: Server,
    message: Buffer,
    questionEnd: number,
    timeoutMs: number,
  ): Promise<Buffer | null> {
    const reply = await pool.ask(server, message, questionEnd, timeoutMs)
    if (reply === 'timeout' || reply === 'busy') return null
    const isCut = reply === 'suspicious' || (reply.readUInt16BE(2) & FLAGS.truncated) !== 0
    return isCut ? overTcp(server, message, questionEnd, timeoutMs) : reply
  }

  return { ask, close: pool.close }
}

/** What the next server may know better. */
function isRefusal(reply: Buffer): boolean {
  const rcode = reply.readUInt16BE(2) & FLAGS.rcode
  return rcode !== RCODES.NOERROR && rcode !== RCODES.NXDOMAIN
}

function encode({ name, type, recursive, dnssec, checkingDisabled }: Wish): Buffer {
  const flags =
    (recursive ? FLAGS.recursionDesired : 0) | (checkingDisabled ? FLAGS.checkingDisabled : 0)
  return Buffer.from(
    encodeDnsMessage({
      flags,
      questions: [{ name, type, class: CLASS_IN }],
      additionals: [
        {
          name: '.',
          class: UDP_PAYLOAD_BYTES,
          ttl: dnssec ? 0x8000 : 0,
          data: { type: 'unknown', code: TYPE_OPT, bytes: new Uint8Array() },
        },
      ],
    }),
  )
}

function overTcp(
  { host, port }: Server,
  message: Buffer,
  questionEnd: number,
  timeoutMs: number,
): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    let bytes: Buffer = Buffer.alloc(0)
    const end = (reply: Buffer | null) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(reply)
    }
    const timer = setTimeout(end, timeoutMs, null)
    socket.on('error', () => end(null))
    socket.on('close', () => end(null))
    socket.on('connect', () => {
      const head = Buffer.alloc(2)
      head.writeUInt16BE(message.length)
      socket.write(Buffer.concat([head, message]))
    })
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      const length = bytes.length < 2 ? Number.POSITIVE_INFINITY : bytes.readUInt16BE(0)
      if (bytes.length < length + 2) return
      const reply = bytes.subarray(2, length + 2)
      const isReply =
        reply.length >= HEADER_BYTES &&
        (reply.readUInt16BE(2) & FLAGS.response) !== 0 &&
        reply.readUInt16BE(0) === message.readUInt16BE(0) &&
        reply.readUInt16BE(4) === 1
      end(isReply && isSameQuestion(reply, message, questionEnd) ? reply : null)
    })
  })
}
