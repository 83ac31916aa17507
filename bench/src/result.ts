import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

/** Figures of one run: numbers with their unit in the name, or plain text. */
export interface Figures {
  [name: string]: number | string | boolean | Figures | (number | string)[]
}

const RESULTS = join(import.meta.dirname, '..', 'results')

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

const POLICIES = ['normal', 'first in, first out', 'round robin', 'batch']
/** Of the fields of /proc/PID/stat after the name. */
const POLICY_FIELD = 38

/** How this run is scheduled: in real time nothing else takes the processor away (`chrt -r 10 npm run bench`). */
function scheduling(): string {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
    return POLICIES[Number(fields[POLICY_FIELD])] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Writes `bench/results/NAME.json`: what was measured, on which commit and machine. */
export function writeResult(name: string, figures: Figures, seed?: number): void {
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    scheduling: scheduling(),
  }
  const result = {
    name,
    commit: commit(),
    machine,
    ...(seed === undefined ? {} : { seed }),
    figures,
  }
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
}

/** The value below which `share` (0 to 1) of the sorted or unsorted samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  return sorted[index] ?? Number.NaN
}
