import { createPool, moveBlobs, openBlobStore, StartError } from '@pubky/server-kit'
import { blobStoreSettings } from '../blobs.ts'
import { readConfig } from '../read-config.ts'

const TELL_MS = 2000

/**
 * Moves the blobs from the store of BLOB_STORE_FROM to that of BLOB_STORE, while servers with the same two
 * settings go on serving. Can be cut off and run again.
 */
async function move(signal: AbortSignal): Promise<string> {
  const config = readConfig(process.env)
  if (config.blobStoreFrom === 'none')
    throw new StartError('invalid_config', 'BLOB_STORE_FROM must name the store to move from.')
  const pool = createPool(config.databaseUrl, { max: 4, name: 'move blobs' })
  const settings = blobStoreSettings(config, pool)
  await using from = await openBlobStore(config.blobStoreFrom, settings)
  await using to = await openBlobStore(config.blobStore, settings)
  let toldMs = Number.NEGATIVE_INFINITY
  const { blobs, bytes } = await moveBlobs({
    from,
    to,
    signal,
    onProgress(moved) {
      if (performance.now() - toldMs < TELL_MS) return
      toldMs = performance.now()
      process.stdout.write(`${moved.blobs} blobs, ${(moved.bytes / 1e6).toFixed(1)} MB\n`)
    },
  })
  await pool.end()
  return `Moved ${blobs} blobs (${(bytes / 1e6).toFixed(1)} MB) from ${config.blobStoreFrom} to ${config.blobStore}. Now start the servers without BLOB_STORE_FROM.\n`
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
try {
  process.stdout.write(await move(stop.signal))
} catch (error) {
  const text = error instanceof StartError ? error.message : String(error)
  process.stderr.write(stop.signal.aborted ? 'Cut off. Run it again to go on.\n' : `${text}\n`)
  process.exitCode = 1
}
