import { normalizePath, ProtocolError, type StoragePath } from '@pubky/protocol'
import { refusals } from '../errors.ts'

const MAX_ID = 2n ** 63n - 1n
/** Each event is compared with each of them. */
const MAX_PATHS = 100

/** The parameters that both event streams know (spec/homeserver.md 6.2, 7). */
export function parseFilters(values: readonly string[]): StoragePath[] {
  const filters = values
    .filter((value) => value !== '')
    .map((value) => {
      try {
        return normalizePath(value.startsWith('/') ? value : `/${value}`)
      } catch (error) {
        if (error instanceof ProtocolError)
          throw refusals.query('invalid_path', `Invalid path: ${value}`)
        throw error
      }
    })
  if (filters.length > MAX_PATHS)
    throw refusals.query('too_many_paths', `Too many paths. Maximum allowed: ${MAX_PATHS}`)
  return filters.length > 0 ? [...new Set(filters)] : ['/pub/' as StoragePath]
}

export function parseLimit(value: string | null): number | null {
  if (value === null) return null
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
    throw refusals.query('invalid_limit', `Invalid limit: ${value}`)
  if (Number(value) === 0) throw refusals.query('invalid_limit', 'limit must be at least 1')
  return Number(value)
}

export function parseFlag(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '')
}

export function parseCursor(text: string | null): bigint | null {
  if (text === null || text === '') return null
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > MAX_ID)
    throw refusals.query('invalid_cursor', `Invalid cursor: ${text}`)
  return BigInt(text)
}
