import { encodeBencode } from '@pubky/dht/krpc/bencode'
import {
  encodeDnsMessage,
  homeserverRecords,
  keypairFromSeed,
  packetToItem,
  type ResourceRecord,
  type SignedPacket,
  signerFromKeypair,
  signPacket,
  utf8,
} from '@pubky/protocol'
import { questionMessage } from '../../../pkdns/src/dns/doh.ts'
import type { Random } from '../random.ts'

export interface Corpus {
  packet: SignedPacket
  krpc: Buffer[]
  questions: Buffer[]
  replies: Buffer[]
  /** What comes behind the question of a reply: three counts of records, and the records. */
  tails: Buffer[]
}

/** Names of forwarded questions are as long as this, so that pointers into them fit. */
export function forwardedName(n: number, zone: string): string {
  return `${String(n % 1e9).padStart(9, '0')}.${zone}`
}

/** Right messages of every kind, to be made wrong. */
export async function createCorpus(random: Random): Promise<Corpus> {
  const keypair = keypairFromSeed(random.bytes(32))
  const { publicKey } = keypair
  const records: ResourceRecord[] = [
    ...homeserverRecords(publicKey, { publicIp: '192.0.2.1', icannDomain: 'host.example' }),
    { name: 'www', ttl: 60, data: { type: 'CNAME', target: publicKey } },
    { name: 'loop', ttl: 60, data: { type: 'CNAME', target: `loop.${publicKey}` } },
    { name: '*.wild', ttl: 60, data: { type: 'TXT', strings: [utf8('any'), utf8('thing')] } },
    { name: 'sub', ttl: 60, data: { type: 'NS', target: 'ns.example' } },
    { name: '@', ttl: 60, data: { type: 'MX', preference: 1, exchange: `www.${publicKey}` } },
  ]
  const packet = await signPacket(signerFromKeypair(keypair), records)
  const item = packetToItem(packet)
  const [id, target, token] = [random.bytes(20), random.bytes(20), random.bytes(8)]
  const t = random.bytes(4)
  const query = (q: string, a: object) => ({ t, y: 'q', q, a: { id, ...a }, v: random.bytes(4) })
  const stored = { k: item.key, seq: item.seq, sig: item.sig, v: item.value }
  const krpc = [
    query('ping', {}),
    query('find_node', { target }),
    query('get_peers', { info_hash: target }),
    query('announce_peer', { info_hash: target, port: 6881, token, implied_port: 1 }),
    query('get', { target }),
    query('get', { target, seq: 5n }),
    query('put', { token, ...stored }),
    query('put', { token, cas: 3n, ...stored }),
    { ...query('get', { target }), ro: 1 },
    { t, y: 'r', r: { id, token, nodes: random.bytes(26 * 8), ...stored }, ip: random.bytes(6) },
    { t, y: 'r', r: { id, token, values: [random.bytes(6), random.bytes(6)] } },
    { t, y: 'e', e: [301, 'CAS mismatch'] },
  ].map((message) => Buffer.from(encodeBencode(message)))

  const names = ['', 'www.', 'loop.', 'x.wild.', 'a.sub.', '_pubky.'].map((at) => at + publicKey)
  const questions = [...names, `${publicKey}.key`, 'host.example', 'localhost', '.'].flatMap(
    (name) => [1, 28, 65, 255].map((type) => questionMessage(name, type, { dnssec: type === 65 })),
  )
  const replies = [
    Buffer.from(packet.dns),
    Buffer.from(
      encodeDnsMessage({
        flags: 0x8180,
        questions: [{ name: 'www.host.example', type: 1, class: 1 }],
        answers: packet.records,
        authorities: [
          {
            name: 'example',
            ttl: 5,
            data: {
              type: 'SOA',
              mname: 'ns.example',
              rname: 'root.example',
              serial: 1,
              refresh: 2,
              retry: 3,
              expire: 4,
              minimum: 5,
            },
          },
        ],
      }),
    ),
    ...questions.slice(0, 4),
  ]
  const tails = [`sub.${publicKey}`, 'host.example'].flatMap((zone) => {
    const name = forwardedName(0, zone)
    const alias = (target: string): ResourceRecord => ({
      name,
      ttl: 60,
      data: { type: 'CNAME', target },
    })
    const ns = { name: zone, ttl: 60, data: { type: 'NS', target: `ns.${zone}` } } as const
    const address = { name, ttl: 60, data: { type: 'A', address: '192.0.2.5' } } as const
    const glue = { ...address, name: `ns.${zone}` }
    const answers: ResourceRecord[][] = [
      [address],
      [alias(zone), { ...address, name: zone }],
      [alias(publicKey)],
      [alias(name)],
      Array.from({ length: 20 }, (_, n) => alias(`${'y'.repeat(51)}${n % 2 ? 'y' : 'o'}`)),
    ]
    return [
      ...answers.map((list) => ({ answers: list })),
      { authorities: [ns], additionals: [glue] },
    ].map((sections) => {
      const questions = [{ name, type: 1, class: 1 }]
      const bytes = Buffer.from(encodeDnsMessage({ flags: 0x8180, questions, ...sections }))
      const { length } = encodeDnsMessage({ questions })
      return Buffer.concat([bytes.subarray(6, 12), bytes.subarray(length)])
    })
  })
  return { packet, krpc, questions, replies, tails }
}
