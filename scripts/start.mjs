// `npm start`: installs what is missing, builds what changed, and starts the whole network.
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ensureInstalled } from './install.mjs'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const args = process.argv.slice(2)
ensureInstalled()
const { buildOrExit } = await import('./build.mjs')
const isTold = args.includes('--help')
if (!isTold) {
  const without = args.filter((_, i) => args[i - 1] === '--without')
  await buildOrExit({ without })
} else await buildOrExit({ without: ['web'] })
await import(pathToFileURL(join(root, 'dist/start.js')).href)
