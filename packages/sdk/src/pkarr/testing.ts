import {
  type Keypair,
  keypairFromSeed,
  packetToItem,
  packetToRelayPayload,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  toMicros,
  userRecords,
} from '@pubky/protocol'
import type { Dht } from '../dht.ts'
import { createPkarrClient, type PkarrClientOptions } from './client.ts'

export const USER: Keypair = keypairFromSeed(new Uint8Array(32).fill(1))
export const HOST = keypairFromSeed(new Uint8Array(32).fill(2)).publicKey
export const KEY = USER.publicKey
export const NOW = 1_700_000_000_000_000n

export function packet(seconds: number, host = HOST): Promise<SignedPacket> {
  const timestamp = toMicros(NOW + BigInt(seconds) * 1_000_000n)
  return signPacket(signerFromKeypair(USER), userRecords(null, host), timestamp)
}

type Answer = SignedPacket | Response | 'down' | null

/** Relays that answer what the test says, by host name. */
export function relays(answers: Record<string, Answer>) {
  const requests: string[] = []
  const fetcher = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input))
    requests.push(`${init.method ?? 'GET'} ${url.hostname}${url.search}`)
    const answer = answers[url.hostname] ?? null
    if (answer === 'down') throw new TypeError('fetch failed')
    if (answer instanceof Response) return answer.clone()
    if (answer === null) return new Response(null, { status: 404 })
    return new Response(packetToRelayPayload(answer) as Uint8Array<ArrayBuffer>)
  }
  const urls = Object.keys(answers).map((name) => `http://${name}/`)
  return { requests, fetch: fetcher as typeof fetch, relays: urls, answers }
}

export function client(o: Omit<PkarrClientOptions, 'now'>, clock = { now: NOW }) {
  return createPkarrClient({ ...o, now: () => toMicros(clock.now) })
}

export function dhtWith(item: SignedPacket | null, newestInvalidSeq: bigint | null = null) {
  const puts: { cas?: bigint }[] = []
  const found = item && packetToItem(item)
  const dht: Pick<Dht, 'get' | 'put'> = {
    get: () => ({
      first: async () => found,
      newest: async () => ({
        item: found,
        report: { queried: 8, responded: 8, agreed: 8, newestInvalidSeq },
      }),
      async *[Symbol.asyncIterator]() {
        if (found) yield found
      },
    }),
    put: async (_, o = {}) => {
      puts.push(o)
      return { stored: 5, notMoreRecent: 0, casFailed: 0, failed: 0 }
    },
  }
  return { dht, puts }
}
