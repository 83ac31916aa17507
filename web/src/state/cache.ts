import {
  type DehydratedState,
  dehydrate,
  hydrate,
  type Query,
  type QueryClient,
} from '@tanstack/react-query'
import { openDatabase } from './database.ts'

/** Bump when the shape of any persisted query changes; older caches are dropped. */
const FORMAT = 1
const WRITE_EVERY_MS = 2000
const MOST_STREAMS = 12
const MOST_ENTITIES = 400
const MOST_AGE_MS = 7 * 24 * 3600_000

const PERSISTED = new Set([
  'stream',
  'post',
  'user',
  'hot-tags',
  'users',
  'notifications',
  'thread',
])

function newest(queries: Query[], most: number): Query[] {
  return queries.sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt).slice(0, most)
}

/** The newest streams and entities; the rest is loaded again when it is wanted. */
function chosen(client: QueryClient): Set<Query> {
  const good = client
    .getQueryCache()
    .getAll()
    .filter(
      ({ state, queryKey }) => state.status === 'success' && PERSISTED.has(String(queryKey[0])),
    )
  const isEntity = ({ queryKey }: Query) => queryKey[0] === 'post' || queryKey[0] === 'user'
  return new Set([
    ...newest(
      good.filter((query) => !isEntity(query)),
      MOST_STREAMS,
    ),
    ...newest(good.filter(isEntity), MOST_ENTITIES),
  ])
}

async function write(client: QueryClient, user: string): Promise<void> {
  const queries = chosen(client)
  const state = dehydrate(client, { shouldDehydrateQuery: (query) => queries.has(query) })
  const db = await openDatabase()
  await db.put('cache', { format: FORMAT, atMs: Date.now(), state: structuredClone(state) }, user)
}

/** Writes the account's cache to IndexedDB while it changes. Returns how to stop. */
export function keepCache(client: QueryClient, user: string): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    // A full or forbidden disk only means that the next start is slower.
    write(client, user).catch(() => {})
  }
  const onHide = () => {
    if (document.visibilityState === 'hidden' && timer) flush()
  }
  const stop = client.getQueryCache().subscribe((event) => {
    if (event.type === 'updated' && event.action.type === 'success')
      timer ??= setTimeout(flush, WRITE_EVERY_MS)
  })
  document.addEventListener('visibilitychange', onHide)
  return () => {
    stop()
    document.removeEventListener('visibilitychange', onHide)
    if (timer) clearTimeout(timer)
  }
}

/** Fills the cache with what the account saw last; what was loaded meanwhile is newer and stays. */
export async function restoreCache(client: QueryClient, user: string): Promise<void> {
  try {
    const found = await (await openDatabase()).get('cache', user)
    if (found?.format !== FORMAT || Date.now() - found.atMs > MOST_AGE_MS) return
    hydrate(client, found.state as DehydratedState)
  } catch {
    // No cache, then.
  }
}
