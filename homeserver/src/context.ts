import type { Micros, PublicKeyZ32 } from '@pubky/protocol'
import type { BlobStore, InTurn, Logger, Places } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { HomeserverMetrics } from './admin/metrics.ts'
import type { Signals } from './admin/signals.ts'
import type { Placement } from './blobs/placement.ts'
import type { HomeserverConfig } from './config.ts'
import type { EntryReader } from './entries/read.ts'
import type { Writer } from './entries/writer.ts'
import type { EventHub } from './events/hub.ts'
import type { Accounts } from './limits/accounts.ts'
import type { Limits } from './limits/limits.ts'
import type { Uploads } from './limits/uploads.ts'
import type { Verifier } from './proofs/verifier.ts'
import type { PublishHealth } from './publish/health.ts'
import type { PrivateStreams } from './sessions/private-streams.ts'
import type { SessionResolver } from './sessions/resolver.ts'

/** Everything the routes need. */
export interface Context {
  config: HomeserverConfig
  publicKey: PublicKeyZ32
  pool: Pool
  blobs: BlobStore
  /** Where they are at the moment. */
  placement: () => Placement
  entries: EntryReader
  writer: Writer
  hub: EventHub
  sessions: SessionResolver
  verifier: Verifier
  privateStreams: PrivateStreams
  /** Of event streams, by `networkOf` the client's address. */
  streamPlaces: Places
  /** For questions about history, which may take long. */
  historyTurns: InTurn
  accounts: Accounts
  limits: Limits
  uploads: Uploads
  metrics: HomeserverMetrics
  signals: Signals
  published: PublishHealth
  clock: () => Micros
  random: (bytes: number) => Uint8Array
  log: Logger
}
