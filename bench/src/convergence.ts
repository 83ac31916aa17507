import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from './network-process.ts'
import type { Figures } from './result.ts'

/** Histories per law. With two cores to itself it takes some minutes. */
const RUNS = 50
const LAWS = [
  'nexus/src/projections/views/laws.pg.test.ts',
  'nexus/src/projections/facts/laws.pg.test.ts',
]

interface Report {
  success: boolean
  testResults: {
    assertionResults: {
      fullName: string
      status: string
      duration?: number
      failureMessages: string[]
    }[]
  }[]
}

/** The tests of the laws (design 3), as they stand, with more histories. */
async function runLaws(seed: number, outputFile: string): Promise<Report> {
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', ...LAWS, '--reporter=default', '--reporter=json']
  const child = spawn(process.execPath, [...args, `--outputFile.json=${outputFile}`], {
    cwd: REPOSITORY,
    env: { ...process.env, PROVE_RUNS: String(RUNS), PROVE_SEED: String(seed) },
    stdio: 'inherit',
  })
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return JSON.parse(await readFile(outputFile, 'utf8')) as Report
}

/**
 * Convergence: histories of several people are permuted, told twice, cut into other batches and
 * interrupted; state then equals that of a rebuild and of a plain model, and notices their replay.
 */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-convergence-'))
  try {
    const sinceMs = performance.now()
    const report = await runLaws(seed, join(dir, 'report.json'))
    const laws = report.testResults.flatMap(({ assertionResults }) => assertionResults)
    const failures = laws.flatMap(({ failureMessages }) => failureMessages)
    if (!report.success) process.exitCode = 1
    return {
      historiesPerLaw: RUNS,
      seconds: Math.round((performance.now() - sinceMs) / 1000),
      laws: laws.map(
        ({ fullName, status, duration }) =>
          `${fullName}: ${status} in ${Math.round((duration ?? 0) / 1000)} s`,
      ),
      findings: failures.map((text) => text.slice(0, 2000)),
      isProven: report.success,
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
