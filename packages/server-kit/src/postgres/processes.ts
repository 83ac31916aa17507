import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

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
