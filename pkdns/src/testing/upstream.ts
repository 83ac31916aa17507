import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { decodeDnsMessage, encodeDnsMessage, type ResourceRecord, utf8 } from '@pubky/protocol'

const TYPE_RRSIG = 46

/** A name server of tests for ICANN names, over UDP and TCP. */
export interface TestUpstream {
  readonly port: number
  asked(name: string): number
  address(name: string, address: string): void
  alias(name: string, target: string): void
  /** Many records, cut over UDP. */
  large(name: string): void
  /** Sends wrong replies before the right one. */
  forge(name: string): void
  /** A name with a signature, which only those who ask for it are given. */
  sign(name: string): void
  close(): Promise<void>
}

export async function startTestUpstream(): Promise<TestUpstream> {
  const records = new Map<string, ResourceRecord[]>()
  const counts = new Map<string, number>()
  const forged = new Set<string>()
  const add = (name: string, data: ResourceRecord['data'], ttl = 60) =>
    records.set(name, [...(records.get(name) ?? []), { name, ttl, data }])
  add('host.example', { type: 'A', address: '198.51.100.7' })
  add('alias.example', { type: 'CNAME', target: 'host.example' })

  function answer(message: Buffer, isTcp: boolean): Buffer | null {
    const { id, flags, questions, additionals } = decodeDnsMessage(message)
    const [question] = questions
    if (!question) return null
    const name = question.name.toLowerCase()
    counts.set(name, (counts.get(name) ?? 0) + 1)
    const wantsSignatures = additionals.some(({ ttl }) => (ttl & 0x8000) !== 0)
    const answers: ResourceRecord[] = []
    let at = name
    for (let n = 0; n < 5; n++) {
      const own = records.get(at) ?? []
      answers.push(...own.filter(({ data }) => wantsSignatures || data.type !== 'unknown'))
      const next = own.find(({ data }) => data.type === 'CNAME')?.data
      if (next?.type !== 'CNAME') break
      at = next.target
    }
    const isCut = !isTcp && answers.length > 5
    const exists = records.has(at)
    return Buffer.from(
      encodeDnsMessage({
        id,
        flags:
          0x8080 |
          (flags & 0x100) |
          (isCut ? 0x200 : 0) |
          (wantsSignatures ? 0x20 : 0) |
          (exists ? 0 : 3),
        questions: [question],
        answers: isCut ? [] : answers,
        additionals,
      }),
    )
  }

  const udp = createSocket('udp4')
  udp.on('message', (message, from) => {
    const reply = answer(message, false)
    if (!reply) return
    const { questions } = decodeDnsMessage(message)
    if (forged.has(questions[0]?.name ?? '')) sendForged(reply, from)
    else udp.send(reply, from.port, from.address)
  })

  /** Another id, another question, another sender; then the true one. */
  function sendForged(reply: Buffer, from: RemoteInfo): void {
    const evil = { name: 'evil.example', type: 1, class: 1 }
    const otherId = Buffer.from(reply)
    otherId.writeUInt16BE((reply.readUInt16BE(0) + 1) % 65_536)
    const otherQuestion = Buffer.from(
      encodeDnsMessage({ id: reply.readUInt16BE(0), flags: 0x8180, questions: [evil] }),
    )
    const stranger = createSocket('udp4')
    const poisoned = decodeDnsMessage(reply)
    const [first] = poisoned.questions
    const fake = encodeDnsMessage({
      ...poisoned,
      answers: [{ name: first?.name ?? '.', ttl: 60, data: { type: 'A', address: '6.6.6.6' } }],
    })
    udp.send(otherId, from.port, from.address)
    udp.send(otherQuestion, from.port, from.address)
    stranger.send(fake, from.port, from.address, () => {
      stranger.close()
      setTimeout(() => udp.send(reply, from.port, from.address), 20)
    })
  }

  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      const reply = answer(chunk.subarray(2), true)
      if (!reply) return
      const head = Buffer.alloc(2)
      head.writeUInt16BE(reply.length)
      socket.end(Buffer.concat([head, reply]))
    })
  })
  const port = await shareAPort(udp, tcp)

  return {
    port,
    asked: (name) => counts.get(name) ?? 0,
    address: (name, address) => void add(name, { type: 'A', address }),
    alias: (name, target) => void add(name, { type: 'CNAME', target }),
    large(name) {
      for (let n = 0; n < 20; n++)
        add(name, { type: 'TXT', strings: [utf8(`${n} `.padEnd(80, 'x'))] })
    },
    forge(name) {
      forged.add(name)
      add(name, { type: 'A', address: '198.51.100.9' })
    },
    sign(name) {
      add(name, { type: 'A', address: '198.51.100.46' })
      add(name, { type: 'unknown', code: TYPE_RRSIG, bytes: new Uint8Array(40) })
    },
    async close() {
      await new Promise<void>((resolve) => udp.close(resolve))
      await new Promise<void>((resolve) => tcp.close(() => resolve()))
    },
  }
}

/** Listens at one port over both; what is free for the one may be taken for the other. */
async function shareAPort(udp: Socket, tcp: Server): Promise<number> {
  for (;;) {
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
    const address = tcp.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const isBound = await new Promise<boolean>((resolve) => {
      const fail = () => resolve(false)
      udp.once('error', fail)
      udp.bind(port, '127.0.0.1', () => {
        udp.off('error', fail)
        resolve(true)
      })
    })
    if (isBound) return port
    await new Promise<void>((resolve) => tcp.close(() => resolve()))
  }
}
