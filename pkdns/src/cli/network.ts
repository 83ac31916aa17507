import { resolve4 } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type DhtNode, startDhtNode } from '@pubky/dht'
import { nowMicros, randomBytes } from '@pubky/protocol'
import { createPkarrClient, type PkarrClient } from '@pubky/sdk/pkarr/client'
import { MAINNET_BOOTSTRAP } from '../dht-nodes.ts'
import { fewNodesText } from '../few-nodes.ts'
import type { CliOptions } from './options.ts'

export interface CliNetwork extends AsyncDisposable {
  pkarr: PkarrClient
  dht: DhtNode | null
}

const LOCAL_BOOTSTRAP = ['127.0.0.1:6881']
const READY_MS = 5000
/** A command is in no hurry: what counts is the newest packet. */
const TIMEOUT_MS = 8000

/** Relays and a DHT client that serves nobody; `note` is told when it reaches few nodes. */
export async function openNetwork(
  o: CliOptions,
  note: (line: string) => void,
): Promise<CliNetwork> {
  const isLocal = o.network === 'local'
  const bootstrap =
    o.bootstrap.length > 0 ? o.bootstrap : isLocal ? LOCAL_BOOTSTRAP : MAINNET_BOOTSTRAP
  const dht = await startDhtNode({
    host: isLocal ? '127.0.0.1' : '0.0.0.0',
    port: 0,
    bootstrap: await withAddresses(bootstrap),
    network: o.network,
    clock: nowMicros,
    random: randomBytes,
    readOnly: true,
    onFewNodes: (few) => note(fewNodesText(few)),
  })
  try {
    const pkarr = createPkarrClient({ relays: o.relays, dht, cacheSize: 0, timeoutMs: TIMEOUT_MS })
    await Promise.race([dht.ready, new Promise((resolve) => setTimeout(resolve, READY_MS).unref())])
    return { dht, pkarr, [Symbol.asyncDispose]: () => dht[Symbol.asyncDispose]() }
  } catch (error) {
    await dht[Symbol.asyncDispose]()
    throw error
  }
}

/** Names that do not resolve are left to the node, which tries again. */
async function withAddresses(bootstrap: readonly string[]): Promise<string[]> {
  return Promise.all(
    bootstrap.map(async (text) => {
      const [host = '', port] = text.split(':')
      if (isIP(host) !== 0) return text
      const [address] = await resolve4(host).catch(() => [])
      return address ? `${address}:${port}` : text
    }),
  )
}
