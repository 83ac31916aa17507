import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Answer {
  bytes: Buffer
  statuses: number[]
  /** False when we went away before the server had ended the connection. */
  isWhole: boolean
}

export interface Aim {
  port: number
  /** We leave when nothing has come for so long. */
  idleMs: number
  /** Leave after so many bytes were sent, without waiting for anything. */
  cutAt?: number | null
}

const MAX_MS = 60_000

/** Statuses of all answers on a connection; no body that the fuzz sends can look like one. */
function statusesOf(bytes: Buffer): number[] {
  const found = bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)
  return [...found].map((match) => Number(match[1]))
}

/** Sends bytes on a connection of their own and takes whatever comes back. */
export async function fire(bytes: Buffer, { port, idleMs, cutAt = null }: Aim): Promise<Answer> {
  const parts: Buffer[] = []
  const isWhole = await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const leave = (whole: boolean) => {
      socket.destroy()
      clearTimeout(late)
      resolve(whole)
    }
    const late = setTimeout(leave, MAX_MS, false)
    socket.setNoDelay(true)
    socket.setTimeout(idleMs, () => leave(false))
    socket.on('data', (part) => parts.push(part))
    // Cut off by the server, which is its good right.
    socket.once('error', () => leave(true))
    socket.once('close', () => leave(true))
    socket.once('connect', async () => {
      if (cutAt === null) return socket.write(bytes)
      socket.write(bytes.subarray(0, cutAt))
      await sleep(3)
      leave(false)
    })
  })
  const answer = Buffer.concat(parts)
  return { bytes: answer, statuses: statusesOf(answer), isWhole }
}
