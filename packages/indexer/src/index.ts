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
export type { FeedCursor, Journal } from './journal.ts'
export type { Projection } from './projection.ts'
