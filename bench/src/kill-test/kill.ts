import { buildServices } from '../network-process.ts'
import type { Figures } from '../result.ts'
import { killTest } from './kill-test.ts'

const KILLS = 20
const SINGLES = ['homeserver', 'nexus', 'postgres', 'web', 'homeserver', 'pkdns'] as const

/** The kill test at full size: fails when anything that was acknowledged is not there exactly once. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  buildServices({ web: true })
  const report = await killTest({
    seed,
    kills: KILLS,
    singles: SINGLES,
    writers: 5,
    lanes: 3,
    maxCalmMs: 3000,
    joinEveryMs: 4000,
    tell: (text) => console.log(`  ${text}`),
  })
  const { kills, writes, findings, ...counts } = report
  if (findings.length > 0) {
    console.log(findings.slice(0, 50).join('\n'))
    process.exitCode = 1
  }
  const { lastSentMs: _, outcomes, ...writeCounts } = writes
  return {
    ...counts,
    writes: { ...writeCounts, ...outcomes },
    kills: kills.map(
      ({ target, processes, recoveryMs }) =>
        `${target}: ${processes} processes, writing again after ${recoveryMs} ms`,
    ),
    findings: findings.slice(0, 50),
    isProven: findings.length === 0,
  }
}
