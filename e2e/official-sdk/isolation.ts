import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Of the official testnet (design 5): both relays, homeserver, its admin port. */
export const PORTS = {
  relay: 15_411,
  httpRelay: 15_412,
  homeserver: 6286,
  admin: 6288,
  dht: 6881,
} as const
/** Set in the run inside the namespace. */
const INSIDE = 'PUBKY_OFFICIAL_SDK_INSIDE'
const INNER_LIMIT_MS = 900_000
const REPOSITORY = join(import.meta.dirname, '../..')

export const isInside = (): boolean => process.env[INSIDE] === '1'

/** Arguments of `unshare` that give a loopback of its own here, null where that is refused. */
export async function findNamespace(): Promise<readonly string[] | null> {
  const ways = process.getuid?.() === 0 ? [['-n']] : [['-rn']]
  for (const flags of ways) {
    try {
      await run('unshare', [...flags, 'sh', '-c', 'ip link set lo up'])
      return flags
    } catch {
      // Not Linux, not installed, or not allowed.
    }
  }
  return null
}

export async function takenPorts(): Promise<number[]> {
  const taken: number[] = []
  for (const port of [PORTS.relay, PORTS.httpRelay, PORTS.homeserver, PORTS.admin]) {
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (!isFree) taken.push(port)
  }
  return taken
}

export interface InnerResult {
  name: string
  status: 'passed' | 'failed' | 'skipped'
  messages: string[]
}

interface Report {
  testResults: {
    message: string
    assertionResults: { title: string; status: string; failureMessages: string[] }[]
  }[]
}

/** Runs this suite once more in a network namespace, with a PostgreSQL of its own. */
export async function runInside(flags: readonly string[]): Promise<InnerResult[]> {
  const file = join(tmpdir(), `pubky-official-sdk-${process.pid}.json`)
  const { TEST_PG_URL: _, ...env } = process.env
  for (const name of Object.keys(env)) if (name.startsWith('VITEST')) delete env[name]
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs')
  const script = 'ip link set lo up && exec "$0" "$@"'
  const args = ['run', 'e2e/official-sdk', '--reporter=json', `--outputFile=${file}`]
  let output = ''
  try {
    const done = await run(
      'unshare',
      [...flags, 'sh', '-c', script, process.execPath, vitest, ...args],
      {
        cwd: REPOSITORY,
        env: { ...env, [INSIDE]: '1' },
        timeout: INNER_LIMIT_MS,
        maxBuffer: 16 << 20,
      },
    )
    output = done.stdout + done.stderr
  } catch (error) {
    // Failed tests end the run with an error too; the report says which.
    output = String((error as { stderr?: string }).stderr ?? error)
  }
  try {
    const report = JSON.parse(await readFile(file, 'utf8')) as Report
    return report.testResults.flatMap(({ assertionResults, message }) =>
      assertionResults.length === 0
        ? [{ name: 'the suite starts', status: 'failed' as const, messages: [message] }]
        : assertionResults.map(({ title, status, failureMessages }) => ({
            name: title,
            status: status === 'passed' || status === 'failed' ? status : ('skipped' as const),
            messages: failureMessages,
          })),
    )
  } catch {
    return [{ name: 'the suite starts', status: 'failed', messages: [output.slice(-4000)] }]
  } finally {
    await rm(file, { force: true })
  }
}
