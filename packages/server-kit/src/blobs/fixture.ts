import { createPool } from '../postgres/pool.ts'
import { type BlobStoreKind, type BlobStoreSettings, openBlobStore } from './choose.ts'

/** A process for a test to kill: it finished one blob and is in the middle of another. */
interface Fixture {
  kind: BlobStoreKind
  settings: BlobStoreSettings
  url: string
}

const { kind, settings, url } = JSON.parse(process.env.BLOB_FIXTURE ?? '') as Fixture
const store = await openBlobStore(kind, {
  ...settings,
  pool: createPool(url, { max: 2, name: 'x' }),
})
const body = new Uint8Array(3_000_000).fill(7)
const finished = await store.begin('finished-1')
await finished.write(body)
await finished.finish()
const named = await store.begin(null)
await named.write(body.subarray(0, 50_000))
const { key } = await named.finish()
const half = await store.begin('half-00001')
await half.write(body)
process.send?.(key)
setInterval(() => {}, 1000)
