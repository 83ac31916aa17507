// Types, lint, import directions and dead code, side by side. `npm run check`
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const bin = (name) => join(root, 'node_modules/.bin', name)

const CHECKS = [
  ['types', [bin('tsc'), '-p', 'tsconfig.json']],
  ['types of web', [bin('tsc'), '-p', 'web/tsconfig.json']],
  ['lint and import directions', [bin('biome'), 'check', '.', '--error-on-warnings']],
  ['dead code', [bin('knip'), '--no-progress']],
  ['a test for each line of the checklist', [process.execPath, 'scripts/tested.mjs', '--check']],
]

function run([name, [command, ...args]]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, FORCE_COLOR: '0' } })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('close', (code) => resolve({ name, ok: code === 0, output }))
  })
}

/** Runs every check; returns how many hold and how many do not. */
export async function check() {
  const results = await Promise.all(CHECKS.map(run))
  for (const { name, ok, output } of results) {
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`)
    if (!ok) console.log(output.split('\n').slice(0, 200).join('\n'))
  }
  const failed = results.filter((result) => !result.ok).length
  return { passed: results.length - failed, failed, skipped: 0 }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { failed } = await check()
  process.exitCode = failed === 0 ? 0 : 1
}
