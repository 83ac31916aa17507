// `npm test`: installs what is missing, then check, unit and property tests, contract suites, the
// in-process network, and people's stories in a browser. Ends with one line of counts.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { startNeo4j } from './neo4j.mjs'

const root = join(fileURLToPath(import.meta.url), '..', '..')
process.chdir(root)
ensureInstalled()

const scratch = mkdtempSync(join(tmpdir(), 'pubky-test-'))
// What tests, browsers and killed processes leave behind goes with it at the end.
process.env.TMPDIR = join(scratch, 'tmp')
mkdirSync(process.env.TMPDIR)
const total = { passed: 0, failed: 0, skipped: 0 }

function add(counts) {
  for (const key of Object.keys(total)) total[key] += counts[key]
}

function node(args, env = {}) {
  const result = spawnSync(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return result.status === 0
}

function report(file) {
  try {
    return JSON.parse(readFileSync(join(scratch, file), 'utf8'))
  } catch {
    return null
  }
}

function heading(text) {
  console.log(`\n── ${text}`)
}

function vitest(env) {
  const ok = node(
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${join(scratch, 'vitest.json')}`,
    ],
    env,
  )
  const json = report('vitest.json')
  if (!json) return { passed: 0, failed: 1, skipped: 0 }
  const skipped = json.numPendingTests + json.numTodoTests
  for (const file of json.testResults)
    for (const test of file.assertionResults)
      if (test.status === 'skipped' || test.status === 'pending')
        console.log(`skipped: ${test.fullName}`)
  // A run can fail without a failed test: an unhandled error, or a file that does not load.
  const failed = json.numFailedTests || (ok ? 0 : 1)
  return { passed: json.numPassedTests, failed, skipped }
}

function playwright(chromium) {
  const ok = node(
    ['node_modules/@playwright/test/cli.js', 'test', '--config', 'e2e/playwright.config.ts'],
    {
      CHROMIUM_PATH: chromium,
      PLAYWRIGHT_JSON_OUTPUT_NAME: join(scratch, 'playwright.json'),
    },
  )
  const stats = report('playwright.json')?.stats
  if (!stats) return { passed: 0, failed: 1, skipped: 0 }
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected || (ok ? 0 : 1),
    skipped: stats.skipped,
  }
}

// Fetched and started while the checks run.
const starting = startNeo4j(scratch)

heading('check')
const { check } = await import('./check.mjs')
add(await check())

heading('unit, property, contract and network tests')
const neo4j = await starting
if (neo4j.why) console.log(`without Neo4j: ${neo4j.why}`)
add(vitest(neo4j.uri ? { TEST_NEO4J_URI: neo4j.uri } : {}))
neo4j.stop?.()

heading('build')
if (!node(['scripts/build.mjs'])) add({ passed: 0, failed: 1, skipped: 0 })
else {
  heading('stories in a browser')
  const { ensureChromium } = await import('./chromium.mjs')
  const chromium = ensureChromium()
  if (chromium.path) add(playwright(chromium.path))
  else {
    console.log(`skipped: stories in a browser, because ${chromium.why}`)
    add({ passed: 0, failed: 0, skipped: 1 })
  }
}

try {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
} catch (error) {
  console.log(`left behind: ${scratch} (${error.message})`)
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1
