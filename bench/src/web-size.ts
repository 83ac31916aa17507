import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { buildServices, REPOSITORY } from './network-process.ts'
import type { Figures } from './result.ts'

/** Compressed JavaScript by page; the build itself fails when a limit is passed. */
export async function run(_: { seed: number }): Promise<Figures> {
  buildServices({ web: true })
  const script = join(REPOSITORY, 'scripts/web-size.mjs')
  return JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as Figures
}
