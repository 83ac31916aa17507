import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { REPOSITORY } from '../network-process.ts'
import { createRandom } from '../random.ts'
import { killTest } from './kill-test.ts'
import { planKills } from './kills.ts'

describe('kill -9 under writes', { timeout: 600_000 }, () => {
  beforeAll(async () => {
    const build = [join(REPOSITORY, 'scripts/build.mjs'), '--without', 'web']
    await promisify(execFile)(process.execPath, build)
  })

  it('plans the same kills for the same seed, half of them of everything', () => {
    const plan = () =>
      planKills(createRandom(7), { singles: ['homeserver', 'nexus', 'postgres', 'web'], kills: 20 })
    expect(plan()).toEqual(plan())
    expect(plan().filter((target) => target === 'tree')).toHaveLength(10)
    expect(new Set(plan()).size).toBe(5)
  })

  it('loses nothing that was acknowledged, stores nothing twice, and every projection equals a rebuild', async () => {
    const report = await killTest({
      seed: 3,
      kills: 2,
      singles: ['homeserver'],
      writers: 2,
      lanes: 2,
      maxCalmMs: 1500,
      joinEveryMs: 2000,
      without: ['web'],
    })
    expect(report.findings).toEqual([])
    expect(report.kills.map(({ target }) => target).sort()).toEqual(['homeserver', 'tree'])
    expect(report.writes.acknowledged).toBeGreaterThan(20)
    expect(report.events).toBe(report.writes.acknowledged)
  })
})
