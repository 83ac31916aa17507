import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REPOSITORY } from '../network-process.ts'
import { movingTest } from './moving-test.ts'

let dir: string

describe('moving house under fire', { timeout: 600_000 }, () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'pubky-moving-'))
    const build = [join(REPOSITORY, 'scripts/build.mjs'), '--without', 'web']
    await promisify(execFile)(process.execPath, build)
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  test('loses nothing when client, old and new home are killed while somebody writes', async () => {
    const report = await movingTest({ dir, seed: 5, interruptions: 4, objects: 30, lanes: 2 })
    expect(report.findings).toEqual([])
    expect(report.kills).not.toHaveLength(0)
    expect(report.writtenMeanwhile).toBeGreaterThan(10)
  })
})
