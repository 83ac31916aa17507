import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildServices } from '../network-process.ts'
import type { Figures } from '../result.ts'
import { movingTest, timedMove } from './moving-test.ts'

const INTERRUPTIONS = 100
const OBJECTS = 200
const LANES = 4
const TIMED_OBJECTS = 10_000
const GOAL_MS = 60_000

/** Moving house at full size: fails when anything is lost, or when a large account takes too long. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  buildServices({ web: false })
  const dir = await mkdtemp(join(tmpdir(), 'pubky-moving-'))
  try {
    const timed = await timedMove({ dir: join(dir, 'timed'), seed, objects: TIMED_OBJECTS })
    console.log(`  ${TIMED_OBJECTS} objects in ${timed.tookMs} ms`)
    const { kills, findings, ...counts } = await movingTest({
      dir: join(dir, 'fire'),
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
    const isProven = findings.length === 0 && timed.isEqual && timed.tookMs < GOAL_MS
    if (!isProven) {
      console.log(findings.slice(0, 50).join('\n'))
      process.exitCode = 1
    }
    return {
      largeAccount: { objects: TIMED_OBJECTS, goalMs: GOAL_MS, ...timed },
      interruptions: kills.length,
      ...counts,
      kills: bySort,
      findings: findings.slice(0, 50),
      isProven,
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
