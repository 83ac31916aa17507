import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { freePort, isPortFree } from '@pubky/server-kit/ports'
import { StackError } from './errors.ts'
import {
  DEFAULT_PORTS,
  PORT_OWNERS,
  type PortName,
  type Ports,
  type ServiceName,
} from './network.ts'

async function isUdpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () =>
      socket.close(() => resolve(true)),
    )
  })
}

/** `localhost` is ::1 first to many programs: who listens there would get our visitors. */
async function answersOnV6(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '::1' })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(500, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

async function isFree(name: PortName, port: number): Promise<boolean> {
  if (port === 0) return true
  if (name === 'dht') return isUdpFree(port)
  if (name === 'dns') return (await isUdpFree(port)) && isPortFree(port)
  return (await isPortFree(port)) && !(await answersOnV6(port))
}

function owners(without: ReadonlySet<ServiceName>) {
  return (Object.entries(PORT_OWNERS) as [keyof typeof PORT_OWNERS, ServiceName][]).filter(
    ([, service]) => !without.has(service),
  )
}

/** Rejects with `port_in_use`, naming every port that something else holds, before anything starts. */
export async function checkPorts(ports: Ports, without: ReadonlySet<ServiceName>): Promise<void> {
  const names: PortName[] = [...owners(without).map(([name]) => name), 'postgres']
  const checks = await Promise.all(
    names.map(async (name) => ({ name, free: await isFree(name, ports[name]) })),
  )
  const taken = checks.filter(({ free }) => !free).map(({ name }) => `${ports[name]} (${name})`)
  if (taken.length === 0) return
  const [what, verb] = taken.length === 1 ? ['Port', 'is'] : ['Ports', 'are']
  const text = `${what} ${taken.join(' and ')} ${verb} already in use: end what uses it, or choose another with --port NAME=N.`
  throw new StackError('port_in_use', text)
}

/** Ports that are free now, for tests; a service that is started again needs the same one. */
export async function choosePorts(): Promise<Ports> {
  const names = Object.keys(PORT_OWNERS) as (keyof typeof PORT_OWNERS)[]
  const chosen = await Promise.all(names.map(async (name) => [name, await freePort()] as const))
  return { ...DEFAULT_PORTS, ...Object.fromEntries(chosen), postgres: 0 }
}
