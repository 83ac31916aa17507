import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DNS_TYPES,
  type DnsMessage,
  decodeDnsMessage,
  nowMicros,
  packetToRelayPayload,
  type ResourceRecord,
  randomKeypair,
  signerFromKeypair,
  signPacket,
} from '@pubky/protocol'
import { createLogger, Teardown } from '@pubky/server-kit'
import { questionMessage } from '../dns/doh.ts'
import { startPkdns } from '../start.ts'
import { startTestUpstream } from './upstream.ts'

export const a = (name: string, address: string, ttl = 300): ResourceRecord => ({
  name,
  ttl,
  data: { type: 'A', address },
})
export const cname = (name: string, target: string): ResourceRecord => ({
  name,
  ttl: 300,
  data: { type: 'CNAME', target },
})
export const ns = (name: string, target: string): ResourceRecord => ({
  name,
  ttl: 300,
  data: { type: 'NS', target },
})
export const rcode = ({ flags }: DnsMessage) => flags & 0xf
export const shown = ({ answers }: DnsMessage) => answers.map(({ name, data }) => [name, data])

export type TestDns = Awaited<ReturnType<typeof startTestDns>>

/** PKDNS on free ports beside name servers of ours for ICANN names and for zones, and ways to ask it. */
export async function startTestDns() {
  const teardown = new Teardown()
  const dataDir = await mkdtemp(join(tmpdir(), 'pubky-dns-'))
  teardown.add(() => rm(dataDir, { recursive: true, force: true }))
  const upstream = await startTestUpstream()
  teardown.add(() => upstream.close())
  const nameserver = await startTestUpstream()
  teardown.add(() => nameserver.close())
  const ports = { relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 }
  const pkdns = teardown.use(
    await startPkdns(
      { dataDir, nodes: 3, forward: [`127.0.0.1:${upstream.port}`], ...ports },
      { log: createLogger('test', { level: 'silent' }), delegationPort: nameserver.port },
    ),
  )
  const [host = '', port = ''] = pkdns.urls.dns.split(':')
  const server = { host, port: Number(port) }

  async function publish(records: ResourceRecord[], keypair = randomKeypair()): Promise<string> {
    const packet = await signPacket(signerFromKeypair(keypair), records, nowMicros())
    const { status } = await fetch(`${pkdns.urls.relay}/${keypair.publicKey}`, {
      method: 'PUT',
      body: packetToRelayPayload(packet) as Uint8Array<ArrayBuffer>,
    })
    if (status !== 204) throw new Error(`the relay answered ${status}`)
    return keypair.publicKey
  }

  function resolver(): Resolver {
    const stub = new Resolver({ timeout: 60_000, tries: 1 })
    stub.setServers([pkdns.urls.dns])
    return stub
  }

  /** Sends raw bytes over UDP; null after a while of silence. */
  async function overUdp(message: Uint8Array, waitMs = 60_000): Promise<Buffer | null> {
    const socket = createSocket('udp4')
    try {
      return await new Promise((resolve) => {
        const timer = setTimeout(resolve, waitMs, null)
        socket.once('message', (bytes) => {
          clearTimeout(timer)
          resolve(bytes)
        })
        socket.send(message, server.port, server.host)
      })
    } finally {
      socket.close()
    }
  }

  /** Sends all messages over one connection; the replies in the order they come. */
  async function overTcp(messages: readonly Uint8Array[]): Promise<DnsMessage[]> {
    const socket = connect(server)
    const replies: DnsMessage[] = []
    let rest = Buffer.alloc(0)
    for (const message of messages) {
      const head = Buffer.alloc(2)
      head.writeUInt16BE(message.length)
      socket.write(Buffer.concat([head, message]))
    }
    for await (const chunk of socket) {
      rest = Buffer.concat([rest, chunk as Buffer])
      while (rest.length >= 2 && rest.length >= rest.readUInt16BE(0) + 2) {
        replies.push(decodeDnsMessage(rest.subarray(2, rest.readUInt16BE(0) + 2)))
        rest = rest.subarray(rest.readUInt16BE(0) + 2)
      }
      if (replies.length === messages.length) break
    }
    socket.destroy()
    return replies
  }

  async function ask(
    name: string,
    type: number = DNS_TYPES.A,
    o: { dnssec?: boolean } = {},
  ): Promise<DnsMessage> {
    const reply = await overUdp(questionMessage(name, type, o))
    if (!reply) throw new Error('no reply')
    return decodeDnsMessage(reply)
  }

  return {
    urls: pkdns.urls,
    server,
    upstream,
    /** Whom packets name with NS records. */
    nameserver,
    publish,
    resolver,
    overUdp,
    overTcp,
    ask,
    close: () => teardown[Symbol.asyncDispose](),
  }
}
