import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildServices } from '../network-process.ts'
import type { Figures } from '../result.ts'
import { timedMove } from './moving-test.ts'

const OBJECTS = 10_000
const GOAL_MS = 60_000

/** How long a large account takes to move, undisturbed. Says how busy the machine was with other things. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  buildServices({ web: false })
  const dir = await mkdtemp(join(tmpdir(), 'pubky-moving-'))
  try {
    const timed = await timedMove({ dir, seed, objects: OBJECTS })
    const isProven = timed.isEqual && timed.tookMs < GOAL_MS
    if (!isProven) process.exitCode = 1
    return { objects: OBJECTS, goalMs: GOAL_MS, ...timed, isProven }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
