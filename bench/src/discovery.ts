import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { questionMessage } from '../../pkdns/src/dns/doh.ts'
import { boundedMemory } from './discovery/packet-memory.ts'
import { packetSpeed } from './discovery/packet-speed.ts'
import { resolveThroughDht } from './discovery/resolve.ts'
import type { UdpLoad, UdpLoadResult } from './discovery/udp-load.ts'
import { load, rate } from './load.ts'
import { type Figures, percentile } from './result.ts'

const SECONDS = 5
const WINDOW = 64
const CONNECTIONS = 32
const ROUNDS = 3
const GOAL_PER_SECOND = 15_000
const round = (value: number) => Math.round(value * 1000) / 1000

function child(name: string): ChildProcess {
  return fork(join(import.meta.dirname, name), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  })
}

async function started<T>(process: ChildProcess): Promise<T> {
  const [message] = (await once(process, 'message')) as [T]
  return message
}

async function udpLoad(o: UdpLoad): Promise<UdpLoadResult> {
  const process = child('discovery/udp-load.ts')
  process.send(o)
  const result = await started<UdpLoadResult>(process)
  process.disconnect()
  return result
}

interface Urls {
  key: string
  relay: string
  dns: string
  doh: string
}

/** Seconds of processor time that a child has used. */
async function cpuSeconds(process: ChildProcess): Promise<number> {
  process.send('cpu')
  const { user, system } = await started<NodeJS.CpuUsage>(process)
  return (user + system) / 1e6
}

/** Cached answers over UDP beside a plain echo of the same datagrams. */
async function dnsOverUdp(server: ChildProcess, { key, dns }: Urls): Promise<Figures> {
  const message = questionMessage(key, 1)
  const echo = child('discovery/udp-echo.ts')
  const ports = { dns: Number(dns.split(':')[1]), echo: await started<number>(echo) }
  const full = { message, seconds: SECONDS, window: WINDOW, perSecond: null }
  const measure = async (which: 'dns' | 'echo', seconds = SECONDS) => {
    const process = which === 'dns' ? server : echo
    const before = await cpuSeconds(process)
    const result = await udpLoad({ ...full, port: ports[which], seconds })
    return { ...result, perCpuSecond: result.count / ((await cpuSeconds(process)) - before) }
  }
  for (const which of ['dns', 'echo'] as const) await measure(which, 1)
  const runs: Record<'dns' | 'echo', Awaited<ReturnType<typeof measure>>>[] = []
  for (let n = 0; n < ROUNDS; n++)
    runs.push({ dns: await measure('dns'), echo: await measure('echo') })
  const half = await udpLoad({ ...full, port: ports.dns, perSecond: GOAL_PER_SECOND / 2 })
  echo.disconnect()
  const median = (read: (run: (typeof runs)[number]) => number) => percentile(runs.map(read), 0.5)
  return {
    perSecond: median((run) => rate(run.dns)),
    echoPerSecond: median((run) => rate(run.echo)),
    toEcho: round(median((run) => rate(run.dns) / rate(run.echo))),
    perProcessorSecond: Math.round(median((run) => run.dns.perCpuSecond)),
    toEchoByProcessorTime: round(median((run) => run.dns.perCpuSecond / run.echo.perCpuSecond)),
    lost: runs.reduce((sum, run) => sum + run.dns.lost, 0),
    halfLoad: {
      perSecond: rate(half),
      p50Ms: round(percentile(half.latencies, 0.5)),
      p99Ms: round(percentile(half.latencies, 0.99)),
    },
    goal: '15000 per second, 0.3 of the echo, p99 below 2 ms at half of that',
  }
}

/** A request that is answered from memory, beside a bare server that returns the same bytes. */
async function overHttp(url: string, accept: string, goal: number): Promise<Figures> {
  const { port, pathname, search } = new URL(url)
  const response = await fetch(url, { headers: { accept } })
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  const body = new Uint8Array(await response.arrayBuffer())
  const bare = child('bare-server.ts')
  bare.send(body)
  const barePort = await started<number>(bare)
  const request = (path: string) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\n\r\n`)
  const o = { connections: CONNECTIONS, cycle: true, seconds: SECONDS, expect: 200 }
  const path = pathname + search
  await load({ ...o, port: Number(port), requests: [request(path)], seconds: 1 })
  const plain = rate(await load({ ...o, port: barePort, requests: [request('/')] }))
  const served = rate(await load({ ...o, port: Number(port), requests: [request(path)] }))
  bare.disconnect()
  return { perSecond: served, barePerSecond: plain, toBare: round(served / plain), goal }
}

/** Everything issue 4 measures on one machine; ratios are what counts. */
export async function run(_: { seed: number }): Promise<Figures> {
  // A tail of latencies says little on a machine that others use.
  const loadAverageBefore = loadavg().map(round).join(' ')
  const server = child('discovery/pkdns-server.ts')
  const urls = await started<Urls>(server)
  const dns = questionMessage(urls.key, 1).toString('base64url')
  const udp = await dnsOverUdp(server, urls)
  const doh = await overHttp(`${urls.doh}?dns=${dns}`, 'application/dns-message', 0.3)
  const relay = await overHttp(`${urls.relay}/${urls.key}`, '*/*', 0.4)
  server.disconnect()
  return {
    loadAverageBefore,
    dnsOverUdp: udp,
    dnsOverHttps: doh,
    relayGet: relay,
    packets: await packetSpeed(),
    resolve: await resolveThroughDht(),
    memory: await boundedMemory(),
  }
}
