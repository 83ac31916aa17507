import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { networkOf, StartError } from '@pubky/server-kit'
import type { DnsService } from './service.ts'

/** An open connection costs memory, and one client needs few. */
const MAX_CONNECTIONS = 500
const MAX_CONNECTIONS_PER_NETWORK = 50
/** Idle clients may hold a connection for so long (RFC 7766 6.2.3). */
const IDLE_MS = 10_000
/** Questions of one connection being answered at once; reading stops above. */
const MAX_OPEN = 100
const PORT_TRIES = 20
const RECEIVE_BUFFER_BYTES = 4 << 20

export interface DnsListener extends AsyncDisposable {
  readonly host: string
  readonly port: number
}

/** Answers over UDP and TCP at one port; 0 takes one that is free for both. */
export async function listenDns(
  service: Pick<DnsService, 'handle'>,
  o: { host: string; port: number },
): Promise<DnsListener> {
  for (let tries = 1; ; tries++) {
    const udp = await bindUdp(o)
    const { port } = udp.address()
    try {
      const tcp = await bindTcp({ host: o.host, port })
      answerUdp(udp, service)
      const connections = answerTcp(tcp, service)
      return {
        host: o.host,
        port,
        async [Symbol.asyncDispose]() {
          for (const socket of connections) socket.destroy()
          await Promise.all([
            new Promise<void>((resolve) => udp.close(resolve)),
            new Promise<void>((resolve) => tcp.close(() => resolve())),
          ])
        },
      }
    } catch (error) {
      await new Promise<void>((resolve) => udp.close(resolve))
      if (o.port !== 0 || tries >= PORT_TRIES) throw error
    }
  }
}

function inUse(port: number, cause: unknown): StartError {
  return new StartError('port_in_use', `Port ${port} for PKDNS is already in use.`, cause)
}

function bindUdp({ host, port }: { host: string; port: number }): Promise<UdpSocket> {
  const socket = createSocket({
    type: isIPv6(host) ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    sendBufferSize: RECEIVE_BUFFER_BYTES,
  })
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => reject(inUse(port, cause)))
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

function bindTcp({ host, port }: { host: string; port: number }): Promise<Server> {
  const server = createServer({ noDelay: true })
  server.maxConnections = MAX_CONNECTIONS
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(inUse(port, cause)))
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error')
      server.on('error', () => {})
      resolve(server)
    })
  })
}

function answerUdp(socket: UdpSocket, service: Pick<DnsService, 'handle'>): void {
  socket.on('message', (bytes, { address, port }) => {
    // Nobody asks from there; an answer would only start a quarrel between two servers.
    if (port === 0) return
    const reply = service.handle(bytes, { network: networkOf(address), transport: 'udp' })
    if (reply === null) return
    if (reply instanceof Promise) {
      reply.then((late) => late && send(socket, late, port, address))
      return
    }
    send(socket, reply, port, address)
  })
}

function send(socket: UdpSocket, reply: Buffer, port: number, address: string): void {
  try {
    socket.send(reply, port, address)
  } catch {
    // Closed meanwhile.
  }
}

function answerTcp(server: Server, service: Pick<DnsService, 'handle'>): Set<Socket> {
  const connections = new Set<Socket>()
  const perNetwork = new Map<string, number>()
  server.on('connection', (socket) => {
    const network = networkOf(socket.remoteAddress ?? '')
    const siblings = (perNetwork.get(network) ?? 0) + 1
    perNetwork.set(network, siblings)
    connections.add(socket)
    socket.once('close', () => {
      connections.delete(socket)
      const left = (perNetwork.get(network) ?? 1) - 1
      if (left > 0) perNetwork.set(network, left)
      else perNetwork.delete(network)
    })
    socket.on('error', () => socket.destroy())
    if (siblings > MAX_CONNECTIONS_PER_NETWORK) socket.destroy()
    else answerConnection(socket, network, service)
  })
  return connections
}

function answerConnection(
  socket: Socket,
  network: string,
  service: Pick<DnsService, 'handle'>,
): void {
  let rest: Buffer = Buffer.alloc(0)
  let open = 0
  // Counts from the last message: who sends a byte now and then keeps nothing open.
  const idle = setTimeout(() => socket.destroy(), IDLE_MS)
  socket.once('close', () => clearTimeout(idle))

  const reply = (bytes: Buffer | null) => {
    open -= 1
    if (open < MAX_OPEN) socket.resume()
    if (!bytes) {
      socket.destroy()
      return
    }
    const head = Buffer.alloc(2)
    head.writeUInt16BE(bytes.length)
    socket.write(Buffer.concat([head, bytes]))
  }

  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 2) {
      const length = rest.readUInt16BE(0)
      if (rest.length < length + 2) break
      const message = rest.subarray(2, length + 2)
      rest = rest.subarray(length + 2)
      idle.refresh()
      open += 1
      const answer = service.handle(Buffer.from(message), { network, transport: 'tcp' })
      if (answer instanceof Promise) answer.then(reply)
      else reply(answer)
      if (socket.destroyed) return
    }
    // No backlog of answers for somebody who does not read them.
    if (open >= MAX_OPEN || socket.writableLength > 1 << 20) socket.pause()
  })
  socket.on('drain', () => {
    if (open < MAX_OPEN) socket.resume()
  })
}
