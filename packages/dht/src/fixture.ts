import { randomBytes } from '@pubky/protocol'
import { type DhtNode, type DhtNodeOptions, startDhtNode } from './node.ts'

/** For tests: a node on a free port of this machine that knows nobody. */
export function startTestNode(o: Partial<DhtNodeOptions> = {}): Promise<DhtNode> {
  return startDhtNode({
    host: '127.0.0.1',
    port: 0,
    bootstrap: [],
    network: 'local',
    clock: () => BigInt(Date.now()) * 1000n,
    random: randomBytes,
    ...o,
  })
}
