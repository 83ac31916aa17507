import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetworkProcess } from '../network-process.ts'
import { killHard, processTree } from '../processes.ts'
import type { Random } from '../random.ts'

export const SINGLE = ['homeserver', 'nexus', 'postgres', 'web', 'pkdns'] as const
export type Target = (typeof SINGLE)[number] | 'tree'

/** Half single processes, each kind in turn, half everything; in an order of the seed. */
export function planKills(
  random: Random,
  o: { singles: readonly Target[]; kills: number },
): Target[] {
  const half = Math.ceil(o.kills / 2)
  const singles = Array.from({ length: half }, (_, i) => o.singles[i % o.singles.length] ?? 'nexus')
  const trees = Array.from({ length: o.kills - half }, (): Target => 'tree')
  return random.shuffle([...singles, ...trees])
}

function pidOf(network: NetworkProcess, target: Target): number {
  const file =
    target === 'postgres'
      ? join(network.clusterDir(), 'postmaster.pid')
      : join(network.dataDir, 'run', `${target}.pid`)
  return Number(readFileSync(file, 'utf8').split('\n')[0])
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000), redirect: 'manual' })
    await response.body?.cancel()
    return response.status < 500
  } catch {
    return false
  }
}

/** Kills at once, starts again what does not by itself; resolves to the number of processes that died. */
export async function strike(network: NetworkProcess, target: Target): Promise<number> {
  if (target !== 'tree') {
    const pid = pidOf(network, target)
    if (!killHard(pid)) throw new Error(`${target} (${pid}) was not running`)
    return 1
  }
  const tree = processTree(network.pid())
  const killed = tree.filter(killHard).length
  while (network.isRunning()) await sleep(5)
  await network.start()
  return killed
}

/** Waits until every service answers and, through `wrote`, a write of after the kill. */
export async function recovered(
  network: NetworkProcess,
  services: readonly ('homeserver' | 'nexus' | 'web' | 'relay')[],
  wrote: () => boolean,
  limitMs: number,
): Promise<number> {
  const sinceMs = performance.now()
  const up = async () =>
    (
      await Promise.all(
        services.map((name) =>
          answers(`http://127.0.0.1:${network.ports[name]}/${name === 'web' ? '' : 'ready'}`),
        ),
      )
    ).every(Boolean)
  while (!(wrote() && (await up()))) {
    if (performance.now() - sinceMs > limitMs) throw new Error('the network did not come back')
    await sleep(50)
  }
  return performance.now() - sinceMs
}
