import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildServices } from '../network-process.ts'
import type { Figures } from '../result.ts'
import { movingTest } from './moving-test.ts'

const INTERRUPTIONS = 100
const OBJECTS = 40
const LANES = 12

/** Moving house under fire at full size: fails when anything that was acknowledged is lost. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  buildServices({ web: false })
  const dir = await mkdtemp(join(tmpdir(), 'pubky-moving-'))
  try {
    const { kills, findings, ...counts } = await movingTest({
      dir,
      seed,
      interruptions: INTERRUPTIONS,
      objects: OBJECTS,
      lanes: LANES,
      tell: (text) => console.log(`  ${text}`),
    })
    const bySort: Record<string, number> = {}
    for (const { victim, step } of kills) {
      const sort = `${victim} in ${step}`
      bySort[sort] = (bySort[sort] ?? 0) + 1
    }
    if (findings.length > 0) {
      console.log(findings.slice(0, 50).join('\n'))
      process.exitCode = 1
    }
    return {
      interruptions: kills.length,
      ...counts,
      objectsOfEachAccount: OBJECTS,
      kills: bySort,
      findings: findings.slice(0, 50),
      isProven: findings.length === 0,
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
