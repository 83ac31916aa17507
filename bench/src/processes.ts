import { readdirSync, readFileSync } from 'node:fs'

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : Number(fields[1])
  } catch {
    return null
  }
}

/** A process and everything below it that lives now, parents first. Linux only. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? parentOf(pid) : null
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

const MS_PER_TICK = 10

/** CPU time that a process has used, those of its children that have ended included. Linux only. */
export function cpuTimeMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0)
    return ticks * MS_PER_TICK
  } catch {
    return 0
  }
}

/** Sends SIGKILL; false when the process was gone already. */
export function killHard(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

function memoryOf(pid: number): { pssKb: number; name: string } | null {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const script = command.find((part) => part.endsWith('.js')) ?? command[0] ?? ''
    const name = script.split('/').at(-1)?.split(':')[0] ?? script
    return { pssKb: Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0), name }
  } catch {
    return null
  }
}

/** Proportional set size of one process in MiB; 0 when it is gone. */
export function processMemory(pid: number): number {
  return Math.round((memoryOf(pid)?.pssKb ?? 0) / 102.4) / 10
}

/** What a process took of the processor so far; Linux counts in hundredths of a second. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Proportional set size of a whole tree in MiB, in sum and by program. */
export function treeMemory(root: number): { totalMiB: number; byProgram: Record<string, number> } {
  const byProgram: Record<string, number> = {}
  let total = 0
  for (const pid of processTree(root)) {
    const found = memoryOf(pid)
    if (!found) continue
    total += found.pssKb
    byProgram[found.name] = (byProgram[found.name] ?? 0) + found.pssKb
  }
  const round = (kb: number) => Math.round(kb / 102.4) / 10
  return {
    totalMiB: round(total),
    byProgram: Object.fromEntries(Object.entries(byProgram).map(([k, v]) => [k, round(v)])),
  }
}

/** What a process is: its script, or for PostgreSQL what it does or which database it serves. */
function programOf(pid: number): string {
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const first = command[0] ?? ''
  if (first.startsWith('postgres: ')) {
    const [what = '', database] = first.slice('postgres: '.length).split(' ')
    return `postgres ${database?.startsWith('pubky_') ? database : what}`
  }
  const script = command.find((part) => part.endsWith('.js')) ?? first
  return script.split('/').at(-1) ?? script
}

/** What a whole tree took of the processor so far, by program. */
export function treeProcessorMs(root: number): Record<string, number> {
  const byProgram: Record<string, number> = {}
  for (const pid of processTree(root)) {
    try {
      const name = programOf(pid)
      byProgram[name] = (byProgram[name] ?? 0) + processorSeconds(pid) * 1000
    } catch {
      // It ended meanwhile.
    }
  }
  return byProgram
}
