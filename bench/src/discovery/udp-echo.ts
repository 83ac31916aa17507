import { createSocket } from 'node:dgram'

/** Sends every datagram back as it came: what Node itself can do over UDP. */
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 })
socket.on('message', (bytes, { address, port }) => socket.send(bytes, port, address))
socket.bind(0, '127.0.0.1', () => process.send?.(socket.address().port))
process.on('message', () => process.send?.(process.cpuUsage()))
process.once('disconnect', () => process.exit(0))
