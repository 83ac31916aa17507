import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fromHex, keypairFromSeed, parsePublicKey, signerFromKeypair } from '@pubky/protocol'
import { createPubky } from '@pubky/sdk'
import { moveHome } from '@pubky/sdk/move'
import type { MovePlace, MoveReport } from '@pubky/sdk/move-types'

/** What the mover is told and tells, one JSON a line; it is killed and started again at will. */
export interface MoverTask {
  seed: string
  to: string
  relay: string
  placeFile: string
}

export type MoverLine =
  | { step: string; done: number; total: number }
  | { report: MoveReport; tookMs: number; cpuMs: number }
  | { failed: string }

function say(line: MoverLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function placeIn(file: string) {
  return {
    async load(): Promise<MovePlace | null> {
      try {
        return JSON.parse(readFileSync(file, 'utf8')) as MovePlace
      } catch {
        return null
      }
    },
    async save(place: MovePlace): Promise<void> {
      writeFileSync(`${file}.new`, JSON.stringify(place))
      renameSync(`${file}.new`, file)
    },
  }
}

if (process.env.MOVER_TASK) {
  const task = JSON.parse(process.env.MOVER_TASK) as MoverTask
  const pubky = createPubky({ relays: [task.relay], localHost: 'localhost' })
  const root = signerFromKeypair(keypairFromSeed(fromHex(task.seed)))
  const sinceMs = performance.now()
  try {
    const report = await moveHome(pubky, root, {
      to: parsePublicKey(task.to),
      place: placeIn(task.placeFile),
      onProgress: say,
    })
    const { user, system } = process.cpuUsage()
    say({ report, tookMs: performance.now() - sinceMs, cpuMs: (user + system) / 1000 })
    process.exit(0)
  } catch (error) {
    say({ failed: error instanceof Error ? error.message : String(error) })
    process.exit(1)
  }
}
