import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Figures } from '../result.ts'

const PACKETS = 1_000_000
const CACHE_BYTES = 64 << 20

/** A million packets through stores of a configured size, in a process of its own. */
export async function boundedMemory(): Promise<Figures> {
  const child = fork(join(import.meta.dirname, 'packet-memory-process.ts'), {
    execArgv: ['--import', 'tsx', '--expose-gc'],
  })
  child.send({ packets: PACKETS, cacheBytes: CACHE_BYTES })
  const [figures] = (await once(child, 'message')) as [Figures]
  child.disconnect()
  return figures
}
