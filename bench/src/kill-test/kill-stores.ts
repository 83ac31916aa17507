import { BLOB_STORES } from '@pubky/server-kit'
import { startS3Server } from '@pubky/testkit/s3-server'
import { buildServices } from '../network-process.ts'
import type { Figures } from '../result.ts'
import { type KillReport, killTest } from './kill-test.ts'

type StoreKind = (typeof BLOB_STORES)[number]

/** The kill test of the homeserver alone, with every third write a file for this store. */
export async function killStore(
  kind: StoreKind,
  o: { seed: number; kills: number; tell?: (text: string) => void },
): Promise<KillReport> {
  await using s3 = await startS3Server()
  const bucket = s3.freshBucket()
  return await killTest({
    ...o,
    singles: ['homeserver'],
    writers: 3,
    lanes: 3,
    maxCalmMs: 2500,
    joinEveryMs: 4000,
    uploads: 0.33,
    without: ['web', 'nexus'],
    env: {
      BLOB_STORE: kind,
      ...(kind === 's3' && {
        S3_ENDPOINT: bucket.endpoint,
        S3_REGION: bucket.region,
        S3_ACCESS_KEY_ID: bucket.accessKeyId,
        S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
      }),
    },
  })
}

const KILLS = 5

/** `npm run prove -- kill-stores`: three kills of the homeserver and two of everything on each store. */
export async function run({ seed }: { seed: number }): Promise<Figures> {
  buildServices({ web: false })
  const figures: Figures = {}
  const findings: string[] = []
  for (const kind of BLOB_STORES) {
    const tell = (text: string) => console.log(`  ${kind}: ${text}`)
    const report = await killStore(kind, { seed, kills: KILLS, tell })
    const { kills, writes, events, objects, large, deleted } = report
    findings.push(...report.findings.map((finding) => `${kind}: ${finding}`))
    figures[kind] = {
      ...{ events, objects, large, deleted },
      acknowledged: writes.acknowledged,
      lostAnswers: writes.lostAnswers,
      kills: kills.map(({ target, recoveryMs }) => `${target}, back after ${recoveryMs} ms`),
    }
  }
  const isProven = findings.length === 0
  if (!isProven) {
    console.log(findings.slice(0, 50).join('\n'))
    process.exitCode = 1
  }
  return { ...figures, findings: findings.slice(0, 50), isProven }
}
