import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger, createPool, StartError } from '@pubky/server-kit'
import { MoveError, moveStores } from '../blobs/mover.ts'
import type { HomeserverConfig } from '../config.ts'
import { readConfig } from '../read-config.ts'
import { readKeypair } from '../secret.ts'

const TELL_MS = 2000
const HELP = `Moves the blobs from the store of BLOB_STORE_FROM to that of BLOB_STORE, with the other settings of the
server (DATABASE_URL, DATA_DIR, S3_…). Servers that run need not be restarted: they are told through the
database, and read and write all the time. May be cut off and run again.

  --help  prints this
`

/** Hands the way to a bucket to servers that were started without it. */
async function secretKeyOf(config: HomeserverConfig): Promise<Uint8Array | null> {
  if (config.secretSeed === null && !existsSync(join(config.dataDir, 'secret'))) return null
  const log = createLogger('move blobs', { level: 'silent' })
  return (await readKeypair(config, () => new Uint8Array(32), log)).secretKey
}

/** Tells the first step at once, and then not too often. */
function teller(): (moved: { blobs: number; bytes: number }) => void {
  let toldMs = Number.NEGATIVE_INFINITY
  return ({ blobs, bytes }) => {
    if (performance.now() - toldMs < TELL_MS) return
    toldMs = performance.now()
    process.stdout.write(`${blobs} blobs, ${(bytes / 1e6).toFixed(1)} MB\n`)
  }
}

async function move(signal: AbortSignal): Promise<string> {
  const config = readConfig(process.env)
  const { blobStore: target, blobStoreFrom: source } = config
  if (source === 'none')
    throw new StartError('invalid_config', 'BLOB_STORE_FROM must name the store to move from.')
  const pool = createPool(config.databaseUrl, { max: 4, name: 'move blobs' })
  const secretKey = await secretKeyOf(config)
  const { blobs, bytes } = await moveStores({
    config,
    source,
    pool,
    secretKey,
    signal,
    tell: (text) => process.stdout.write(text),
    onProgress: teller(),
  })
  await pool.end()
  return `Moved ${blobs} blobs (${(bytes / 1e6).toFixed(1)} MB) from ${source} to ${target}. The servers use ${target} alone now. Before they are started again, set BLOB_STORE=${target} and take BLOB_STORE_FROM out.\n`
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
const [option] = process.argv.slice(2)
if (option === '--help') process.stdout.write(HELP)
else if (option !== undefined) {
  process.stderr.write(`There is no option ${option}.\n\n${HELP}`)
  process.exitCode = 2
} else
  try {
    process.stdout.write(await move(stop.signal))
    process.exit()
  } catch (error) {
    const isTold = error instanceof StartError || error instanceof MoveError
    const text = isTold ? error.message : String(error)
    process.stderr.write(stop.signal.aborted ? 'Cut off. Run it again to go on.\n' : `${text}\n`)
    process.exit(1)
  }
