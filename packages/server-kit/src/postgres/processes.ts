import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'

/** A killed process stays a zombie for a while, and its number does not answer for it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return process.platform !== 'linux'
  }
}

/**
 * Whether a process is a PostgreSQL server: after a restart of the machine or of a container the
 * number in an old pid file may belong to anybody. In doubt it is one.
 */
export function isPostgres(pid: number): boolean {
  try {
    const name =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/comm`, 'utf8')
        : execFileSync('ps', ['-p', String(pid), '-o', 'comm='], { encoding: 'utf8' })
    return /postgres|postmaster/.test(name)
  } catch {
    return true
  }
}

/** Whether the system still has the number, be it of a zombie: PostgreSQL believes no more than that. */
export function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Whether processes of a server still work in its folder: those of one that was killed go on until
 * they notice. Only Linux tells.
 */
export function isWorkedIn(clusterDir: string): boolean {
  if (process.platform !== 'linux') return false
  const folder = realpathSync(clusterDir)
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readlinkSync(`/proc/${name}/cwd`) === folder
    } catch {
      return false
    }
  })
}
