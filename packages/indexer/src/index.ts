export { createCompactor } from './compactor.ts'
export { createPkarrDirectory, type Directory, type HomeRecord } from './directory.ts'
export type {
  EntryBody,
  HomeEntry,
  JournalEntry,
  NewHomeEntry,
  NewObjectEntry,
  NewPurgeEntry,
  ObjectEntry,
  ObjectRefs,
  PurgeEntry,
} from './entries.ts'
export { INDEXER_ERRORS, IndexerError, type IndexerErrorCode } from './errors.ts'
export { DEFAULT_LIMITS, type Limits } from './fetch-object.ts'
export type { WatcherLog } from './follow-host.ts'
export type { HomeOutcome } from './home-checks.ts'
export type { FeedCursor, Journal } from './journal.ts'
export { createPgJournal, type PgJournalOptions } from './pg-journal.ts'
export { type Projection, refuseGap } from './projection.ts'
export { refsOf } from './refs.ts'
export { catchUp, runProjection } from './run-projection.ts'
export { createSources, type Sources } from './sources.ts'
export { type Place, type Wanted, wantedByNexus } from './wanted.ts'
export { createWatcher, type Watcher, type WatcherOptions } from './watcher.ts'
