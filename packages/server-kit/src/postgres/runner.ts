import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StartError } from '../errors.ts'
import type { Binaries } from './binaries.ts'

const ELSEWHERE = 'cluster-elsewhere'
const HOMES = '/var/lib/pubky'
const HOME_NAME = /^[0-9a-f]{16}$/

export type Route = 'DATABASE_URL' | 'same-user' | 'userns' | 'linked-copy' | 'PG_BIN'

/** How the server's programs are run: as this user, or as another where this one is root. */
export interface Runner {
  readonly route: Route
  /** The cluster's folder, which is elsewhere only for `linked-copy`. */
  readonly clusterDir: string
  /** Makes a file readable for the user that the programs run as. */
  share(file: string): string
  run(program: 'initdb' | 'postgres', args: readonly string[]): { command: string; args: string[] }
}

const NOBODY = 65_534

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function canUseUserNamespace(binaries: Binaries): boolean {
  const probe = spawnSync(
    'unshare',
    ['-U', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, binaries.postgres, '--version'],
    { stdio: 'ignore' },
  )
  return probe.status === 0
}

function idOf(user: string): { uid: number; gid: number } | null {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return null
  }
}

/** The home that the data folder names, so that it is found again when the folder was moved. */
function notedHome(dataDir: string): string | null {
  const note = join(dataDir, ELSEWHERE)
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : null
}

/** A new data folder has a new home: what another one of its name left has another password. */
function newHome(): string {
  return join(HOMES, randomBytes(8).toString('hex'))
}

/** Removes what a data folder that is given up has outside of it; no server may run there. */
export function removeClusterElsewhere(dataDir: string): void {
  const home = notedHome(dataDir)
  // The note is text in a file: nothing but a home is removed for it.
  const isHome = home && dirname(home) === HOMES && HOME_NAME.test(basename(home))
  if (isHome) rmSync(home, { recursive: true, force: true })
}

function copyBinaries(binaries: Binaries, home: string): Binaries {
  if (!binaries.native) return binaries
  const copy = join(home, 'native')
  // Anew each time: the installed version may have changed since. It takes a tenth of a second.
  const fresh = `${copy}-${process.pid}`
  cpSync(binaries.native, fresh, { recursive: true, verbatimSymlinks: true })
  rmSync(copy, { recursive: true, force: true })
  renameSync(fresh, copy)
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres'), native: copy }
}

/** Binaries and cluster lie where an ordinary user may enter, and `setpriv` changes to that user. */
function linkedCopy(binaries: Binaries, dataDir: string): Runner {
  const owner = idOf('postgres') ?? idOf('nobody')
  if (!owner || spawnSync('setpriv', ['--version'], { stdio: 'ignore' }).status !== 0) {
    const text =
      'PostgreSQL refuses to run as root and no other user could be used: start as an ordinary user, or set DATABASE_URL.'
    throw new StartError('postgres_failed', text)
  }
  const home = notedHome(dataDir) ?? newHome()
  mkdirSync(home, { recursive: true, mode: 0o755 })
  writeFileSync(join(dataDir, ELSEWHERE), `${home}\n`)
  const bin = copyBinaries(binaries, home)
  const clusterDir = join(home, 'cluster')
  mkdirSync(clusterDir, { recursive: true, mode: 0o700 })
  chownSync(clusterDir, owner.uid, owner.gid)
  const share = (file: string) => {
    const shared = join(home, 'password')
    writeFileSync(shared, readFileSync(file), { mode: 0o600 })
    chownSync(shared, owner.uid, owner.gid)
    return shared
  }
  const drop = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups']
  return {
    route: 'linked-copy',
    clusterDir,
    share,
    run: (program, args) => ({ command: 'setpriv', args: [...drop, bin[program], ...args] }),
  }
}

export function chooseRunner(binaries: Binaries, dataDir: string): Runner {
  const clusterDir = join(dataDir, 'cluster')
  if (!isRoot()) {
    const route = binaries.native ? 'same-user' : 'PG_BIN'
    const run: Runner['run'] = (program, args) => ({ command: binaries[program], args: [...args] })
    return { route, clusterDir, share: (file) => file, run }
  }
  const elsewhere = existsSync(join(dataDir, ELSEWHERE))
  if (elsewhere || !canUseUserNamespace(binaries)) {
    if (existsSync(join(clusterDir, 'PG_VERSION'))) {
      const text =
        'The database in the data folder was made with user namespaces (unshare -U), which this machine refuses: allow them, start as an ordinary user, or set DATABASE_URL.'
      throw new StartError('postgres_failed', text)
    }
    return linkedCopy(binaries, dataDir)
  }
  const map = ['-U', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`]
  return {
    route: 'userns',
    clusterDir,
    share: (file) => file,
    run: (program, args) => ({ command: 'unshare', args: [...map, binaries[program], ...args] }),
  }
}

export function spawnProgram(
  runner: Runner,
  program: 'initdb' | 'postgres',
  args: readonly string[],
): ChildProcess {
  const { command, args: all } = runner.run(program, args)
  // A group of its own: Ctrl-C in the terminal must not reach it before the services are down.
  return spawn(command, all, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, cwd: '/' })
}
