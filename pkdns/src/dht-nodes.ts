import { resolve } from 'node:path'
import { DhtError, type DhtNode, type DhtNodeOptions, startDhtNode } from '@pubky/dht'
import { StartError, type Teardown } from '@pubky/server-kit'
import type { PkdnsConfig } from './config.ts'

/** Public nodes by which the Mainline DHT is joined (spec/discovery.md 6.1). */
export const MAINNET_BOOTSTRAP = [
  'router.bittorrent.com:6881',
  'dht.transmissionbt.com:6881',
  'dht.libtorrent.org:25401',
  'relay.pkarr.org:6881',
]

export type NodeDeps = Pick<DhtNodeOptions, 'clock' | 'random' | 'warn' | 'onFewNodes'>

/**
 * Starts the DHT of a network: on the local one `nodes` nodes on loopback that all know each other,
 * on mainnet one node. Returns the first, by whose address others join.
 */
export async function startDhtNodes(
  config: PkdnsConfig,
  deps: NodeDeps,
  teardown: Teardown,
): Promise<DhtNode> {
  const dirOf = (index: number) => resolve(config.dataDir, 'dht', String(index))
  const isLocal = config.network === 'local'
  const bootstrap = isLocal || config.bootstrap.length > 0 ? config.bootstrap : MAINNET_BOOTSTRAP
  const options = {
    ...deps,
    host: isLocal ? '127.0.0.1' : '0.0.0.0',
    network: config.network,
  }
  const first = await startFirst({
    ...options,
    port: config.dhtPort,
    bootstrap,
    dir: dirOf(0),
    publicIp: isLocal ? undefined : (config.publicIp ?? undefined),
  })
  teardown.use(first)
  if (!isLocal) return first

  const join = [`127.0.0.1:${first.address.port}`]
  const starts = await Promise.allSettled(
    Array.from({ length: config.nodes - 1 }, (_, at) =>
      startDhtNode({ ...options, port: 0, bootstrap: join, dir: dirOf(at + 1) }),
    ),
  )
  const nodes = [first]
  for (const start of starts)
    if (start.status === 'fulfilled') nodes.push(teardown.use(start.value))
  for (const start of starts) if (start.status === 'rejected') throw start.reason
  await Promise.all(
    nodes.map((node) => node.greet(nodes.filter((n) => n !== node).map(({ address }) => address))),
  )
  return first
}

async function startFirst(options: DhtNodeOptions): Promise<DhtNode> {
  try {
    return await startDhtNode(options)
  } catch (cause) {
    if (!(cause instanceof DhtError) || cause.code !== 'dht_bind_failed') throw cause
    const message = `Port ${options.port}/udp for the DHT is already in use.`
    throw new StartError('port_in_use', message, cause)
  }
}
