import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { keypairFromSeed } from '@pubky/protocol'
import { LOCAL_RELAYS, PubkyError } from '@pubky/sdk'
import { LoadError } from '../load/errors.ts'
import { loadFile } from '../load/load.ts'
import { createProgress } from '../load/progress.ts'
import { summarize } from '../load/summary.ts'
import { findRepository } from '../start.ts'

const [LOCAL_RELAY = ''] = LOCAL_RELAYS
/** The homeserver of the local network has a seed of zero bytes. */
const LOCAL_HOMESERVER = keypairFromSeed(new Uint8Array(32)).publicKey

const USAGE = `npm run load -- FILE.jsonl [options]

Plays people, follows, posts, tags and bookmarks of a file into a running network, signed by one new
key for each person. Can be interrupted and repeated.

  --data DIR         data folder of the network (PUBKY_DATA, or .data in the repository)
  --relay URL        PKARR relay of the network (${LOCAL_RELAY})
  --homeserver KEY   where the accounts are made (the homeserver of the local network)
  --concurrency N    requests at a time, 1 to 256 (16)
`

function refuse(message: string): never {
  throw new LoadError('usage', `${message} See npm run load -- --help.`)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        relay: { type: 'string', default: LOCAL_RELAY },
        homeserver: { type: 'string', default: LOCAL_HOMESERVER as string },
        concurrency: { type: 'string', default: '16' },
      },
    })
  } catch (error) {
    return refuse(error instanceof Error ? `${error.message.split('. ')[0]}.` : 'Unknown option.')
  }
}

async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parse(args)
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) refuse('Name one file.')
  const concurrency = Number(values.concurrency)
  if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 256))
    refuse('--concurrency is a number from 1 to 256.')
  const dataDir = values.data ?? process.env.PUBKY_DATA ?? join(findRepository(), '.data')
  const progress = createProgress(process.stdout)
  const startedMs = performance.now()
  try {
    const report = await loadFile({
      file,
      network: { relay: values.relay, homeserverKey: values.homeserver, dataDir },
      concurrency,
      signal,
      onPlan(plan, done) {
        const left = plan.operations.length - done
        console.log(left === 0 ? 'Everything is there already.' : `${left} objects to write.`)
      },
      onProgress: progress.update,
    })
    progress.end()
    console.log(summarize(report))
    console.log(`Took ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`)
    return report.failures.length > 0 ? 1 : 0
  } finally {
    progress.end()
  }
}

const args = process.argv.slice(2)
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
if (args.includes('--help')) console.log(USAGE)
else
  try {
    process.exitCode = await run(args, stop.signal)
  } catch (error) {
    process.exitCode = 1
    if (stop.signal.aborted) console.error('Interrupted. The same command goes on from here.')
    else if (error instanceof LoadError) console.error(error.message)
    else if (error instanceof PubkyError)
      console.error(`${error.message} The same command goes on from here.`)
    else console.error(error)
  }
