import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** When a process began, so that another one with the same number is told apart; null when it is gone. */
function startOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-p', String(pid), '-o', 'lstart='], { encoding: 'utf8' }).trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold blanks; the state follows it, then 18 fields, then the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

function note(pid: number): string {
  return `${pid}\n${startOf(pid)}\n`
}

export function ownNote(): string {
  return note(process.pid)
}

export function noteProcess(file: string, pid: number): void {
  writeFileSync(file, note(pid))
}

/** The process that a file notes, if it still runs. */
export function noted(file: string): number | null {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').split('\n')
    return start !== '' && startOf(Number(pid)) === start ? Number(pid) : null
  } catch {
    return null
  }
}

const END_BY_THEMSELVES_MS = 3000

/**
 * Services of a supervisor that was killed end by themselves; waits for them, and ends those that
 * hang, so that their ports are free.
 */
export async function endLeftovers(dir: string): Promise<void> {
  const files = readdirSync(dir).map((name) => join(dir, name))
  const alive = () => files.map(noted).filter((pid) => pid !== null)
  const limit = Date.now() + END_BY_THEMSELVES_MS
  while (alive().length > 0 && Date.now() < limit) await sleep(25)
  for (const pid of alive()) process.kill(pid, 'SIGKILL')
  while (alive().length > 0) await sleep(25)
  for (const file of files) rmSync(file, { force: true })
}
