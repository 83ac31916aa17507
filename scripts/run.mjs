// Runs a program of dist/ after bringing it up to date: `node scripts/run.mjs backup FILE`
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ensureInstalled } from './install.mjs'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const [name = ''] = process.argv.splice(2, 1)
ensureInstalled()
const { buildOrExit } = await import('./build.mjs')
await buildOrExit({ without: ['web'] })
const script = join(root, 'dist', `${name}.js`)
if (!existsSync(script)) {
  process.stderr.write(`There is no program "${name}" in dist/.\n`)
  process.exit(1)
}
await import(pathToFileURL(script).href)
