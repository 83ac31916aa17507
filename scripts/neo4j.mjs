// Runs Neo4j from Maven Central for its contract suite. By hand: `node scripts/neo4j.mjs`, then
// `TEST_NEO4J_URI=… npx vitest run nexus/src/graph/neo4j` with the address that it prints.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..')
const project = join(root, 'packages/testkit/neo4j')
/** Kept between runs, because the libraries are 150 MB. */
const build = join(root, 'node_modules/.cache/neo4j')
const FETCH_MS = 8 * 60_000
const START_MS = 90_000
const OPENED = [
  'java.base/java.nio',
  'java.base/java.lang',
  'java.base/sun.nio.ch',
  'java.base/java.io',
]

function run(command, args, ms) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: build, stdio: 'ignore', timeout: ms })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}

/** Below the ports of outgoing connections, which would take one before it is used. */
function freePort() {
  const wanted = randomInt(20_000, 32_000)
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(freePort()))
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(wanted)))
  })
}

function isReady(java) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), START_MS)
    let said = ''
    java.stdout.on('data', (chunk) => {
      said += chunk
      if (said.includes('READY')) resolve(true)
    })
    java.once('error', () => resolve(false))
    java.once('exit', () => resolve(false))
    java.once('close', () => clearTimeout(timer))
  })
}

/** Its address (that of TEST_NEO4J_URI when set: the suite empties it) and how to stop it, or the reason why there is none. Data lie below `scratch`. */
export async function startNeo4j(scratch) {
  if (process.env.TEST_NEO4J_URI) return { uri: process.env.TEST_NEO4J_URI, stop() {} }
  mkdirSync(build, { recursive: true })
  if (!(await run('java', ['-version'], START_MS)) || !(await run('mvn', ['-v'], START_MS)))
    return { why: 'TEST_NEO4J_URI names no server, and there is no Java with Maven to run one' }
  rmSync(join(build, 'src'), { recursive: true, force: true })
  for (const name of ['pom.xml', 'src'])
    cpSync(join(project, name), join(build, name), { recursive: true })
  const maven = ['-q', '-B', '-DskipTests', 'package', 'dependency:copy-dependencies']
  if (!(await run('mvn', maven, FETCH_MS)))
    return { why: 'TEST_NEO4J_URI names no server, and Maven Central was not reached' }
  const port = await freePort()
  const opens = OPENED.map((module) => `--add-opens=${module}=ALL-UNNAMED`)
  const classes = 'target/classes:target/dependency/*'
  const args = ['-Xmx512m', ...opens, '-cp', classes, 'Main', join(scratch, 'neo4j'), String(port)]
  const log = openSync(join(scratch, 'neo4j.log'), 'w')
  // It ends when its input does, so it never outlives this process.
  const java = spawn('java', args, { cwd: build, stdio: ['pipe', 'pipe', log] })
  const stop = () => java.kill('SIGKILL')
  if (await isReady(java)) return { uri: `bolt://127.0.0.1:${port}`, stop }
  stop()
  return { why: 'the Neo4j from Maven Central did not start' }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const scratch = mkdtempSync(join(tmpdir(), 'neo4j-'))
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit())
  const { uri, why } = await startNeo4j(scratch)
  console.log(uri ?? why)
}
