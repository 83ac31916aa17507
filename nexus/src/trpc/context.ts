import { initTRPC } from '@trpc/server'
import type { LiveFeed } from '../live/feed.ts'
import type { ObjectReader } from '../read/object.ts'
import type { Reader } from '../read/reader.ts'
import type { Info, Ingest } from '../rest/misc.ts'

export interface TrpcContext {
  reader: Reader
  objects: ObjectReader
  live: LiveFeed
  ingest: Ingest
  info: Info
}

const t = initTRPC.context<TrpcContext>().create({
  // A ping keeps proxies from cutting a quiet stream; a client that hears none for 30 s reconnects.
  sse: {
    ping: { enabled: true, intervalMs: 15_000 },
    client: { reconnectAfterInactivityMs: 30_000 },
  },
})

export const { router } = t
export const procedure = t.procedure
