import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalNetwork } from './network.ts'
import type { StartOptions } from './options.ts'
import { findRepository } from './start.ts'

/**
 * Fills the network with the demo community at the first start of a data folder, in a process of its
 * own (`bin/demo.ts`, which gets the `LocalNetwork` as JSON in `LOCAL_NETWORK`). When it was cut off,
 * the next start goes on; it has to be idempotent.
 */
export async function seedOnce(
  network: LocalNetwork,
  o: Pick<StartOptions, 'network' | 'without'>,
  signal: AbortSignal,
): Promise<void> {
  const done = join(network.dataDir, 'demo-done')
  const script = join(findRepository(), 'dist/demo.js')
  const isWhole = o.network === 'local' && !o.without.has('homeserver') && !o.without.has('pkdns')
  if (!isWhole || existsSync(done) || !existsSync(script)) return
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, LOCAL_NETWORK: JSON.stringify(network) },
    detached: true,
  })
  const end = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(null))
    child.once('exit', resolve)
  })
  signal.removeEventListener('abort', end)
  if (code === 0) await writeFile(done, `${new Date().toISOString()}\n`)
}
