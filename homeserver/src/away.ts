import { ServiceError } from '@pubky/server-kit'
import { refusals } from './errors.ts'

const AWAY = /^(?:ECONN|EPIPE|ENOENT|ETIMEDOUT|08|57P|53300)/

/** Whether an error says that the database was not reached, rather than what it thinks of a statement. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof ServiceError) return false
  // A fatal answer ends the connection, also one that was just being opened.
  if ('severity' in error && error.severity === 'FATAL') return true
  if ('code' in error && typeof error.code === 'string') return AWAY.test(error.code)
  return /^(?:Connection terminated|timeout exceeded when trying to connect)|not queryable$/.test(
    error.message,
  )
}

/** For error handlers: 503 while the database cannot be reached, else the error as it is. */
export function tellAway(error: unknown): never {
  throw isDatabaseAway(error) ? refusals.databaseAway(error) : error
}
