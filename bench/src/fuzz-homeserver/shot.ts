import { mutate } from '../fuzz-discovery/mutate.ts'
import type { Random } from '../random.ts'
import type { Tenant } from './tenants.ts'
import type { Header } from './weird.ts'

/** One connection's worth of bytes, and what they may do. */
export interface Shot {
  bytes: Buffer
  /** Whose credentials are in it: only their accounts may be changed or shown by it. */
  by: readonly Tenant[]
  /** What a right server stores when it acknowledges it; null when that is not known. */
  write: { tenant: Tenant; method: 'PUT' | 'DELETE'; hash: string } | null
  /** Whether it may open a session or an account. */
  opens: boolean
  /** Whether one side may wait for the other until somebody leaves. */
  isStream: boolean
  isMutated: boolean
  toAdmin: boolean
}

interface Message {
  method: string
  target: string
  headers?: readonly Header[]
  body?: Uint8Array | string | null
}

/** The bytes of a request; a header that is given here replaces the one that would be right. */
export function requestBytes({ method, target, headers = [], body = null }: Message): Buffer {
  const bytes = body === null ? Buffer.alloc(0) : Buffer.from(body as Uint8Array)
  const given = new Set(headers.map(([name]) => name))
  const right: Header[] = [
    ['host', 'localhost'],
    ['connection', 'close'],
  ]
  if (body !== null && !given.has('transfer-encoding'))
    right.push(['content-length', String(bytes.length)])
  const all = [...right.filter(([name]) => !given.has(name)), ...headers]
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`),
    bytes,
  ])
}

/** Headers after which either side may go on for longer than one answer takes. */
const OPEN_ENDED = /^(?:connection|content-length|transfer-encoding|expect|upgrade)$/

export function createShot(message: Message, o: Partial<Shot> = {}): Shot {
  return {
    bytes: requestBytes(message),
    by: [],
    write: null,
    opens: false,
    isStream: message.headers?.some(([name]) => OPEN_ENDED.test(name)) ?? false,
    isMutated: false,
    toAdmin: false,
    ...o,
  }
}

/** The same with bytes changed anywhere, so that nothing of it has to be HTTP any more. */
export function mutated(shot: Shot, random: Random): Shot {
  return { ...shot, bytes: mutate([shot.bytes], random), write: null, isMutated: true }
}

/** Two on one connection, the second sent before the first was answered. */
export function pipelined(a: Shot, b: Shot): Shot {
  return {
    ...a,
    bytes: Buffer.concat([Buffer.from(keptAlive(a.bytes), 'latin1'), b.bytes]),
    by: [...new Set([...a.by, ...b.by])],
    write: null,
    opens: a.opens || b.opens,
    isMutated: true,
  }
}

function keptAlive(bytes: Buffer): string {
  return bytes.toString('latin1').replace('connection: close', 'connection: keep-alive')
}
