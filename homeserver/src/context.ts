import type { Micros, PublicKeyZ32 } from '@pubky/protocol'
import type { BlobStore, Logger } from '@pubky/server-kit'
import type { Pool } from 'pg'
import type { HomeserverConfig } from './config.ts'
import type { EntryReader } from './entries/read.ts'
import type { Writer } from './entries/writer.ts'
import type { EventHub } from './events/hub.ts'
import type { PrivateStreams } from './sessions/private-streams.ts'
import type { SessionResolver } from './sessions/resolver.ts'

/** Everything the routes need. */
export interface Context {
  config: HomeserverConfig
  publicKey: PublicKeyZ32
  pool: Pool
  blobs: BlobStore
  entries: EntryReader
  writer: Writer
  hub: EventHub
  sessions: SessionResolver
  privateStreams: PrivateStreams
  clock: () => Micros
  random: (bytes: number) => Uint8Array
  log: Logger
}
