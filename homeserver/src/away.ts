import { BlobStoreAwayError, ServiceError } from '@pubky/server-kit'
import { refusals } from './errors.ts'

const AWAY = /^(?:ECONN|EPIPE|ETIMEDOUT|08|57P|53)/
/** What a disk says that is full, broken, or may only be read. */
const NO_ROOM = /^(?:ENOSPC|EDQUOT|EIO|EROFS)$/

/** Whether an error says that the database was not reached, rather than what it thinks of a statement. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof ServiceError) return false
  // A fatal answer ends the connection, also one that was just being opened.
  if ('severity' in error && error.severity === 'FATAL') return true
  if ('code' in error && typeof error.code === 'string')
    return AWAY.test(error.code) || (error.code === 'ENOENT' && isConnecting(error))
  return /^(?:Connection terminated|timeout exceeded when trying to connect)|not queryable$/.test(
    error.message,
  )
}

/** A socket that is not there, rather than a file. */
function isConnecting(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'connect'
}

function isStoreAway(error: unknown): boolean {
  if (error instanceof BlobStoreAwayError) return true
  return error instanceof Error && 'code' in error && NO_ROOM.test(String(error.code))
}

/** 503 while database or blob store cannot be reached, else the error as it is. */
export function awayOr<E>(error: E): E | ServiceError {
  if (isStoreAway(error)) return refusals.blobStoreAway(error)
  return isDatabaseAway(error) ? refusals.databaseAway(error) : error
}

/** For error handlers. */
export function tellAway(error: unknown): never {
  throw awayOr(error)
}
