import { ProtocolError, parseStrictPath } from '@pubky/protocol'
import type { HomeserverConfig } from '../config.ts'
import { bandwidthOf } from './rate.ts'

export const UNLIMITED = 'unlimited'
const MEGABYTE = 1024 ** 2
const MAX_MEGABYTES = Math.floor(Number.MAX_SAFE_INTEGER / MEGABYTE)
const MAX_BURST = 2 ** 31 - 1
const MAX_PATHS = 100

/** What an account may use (spec/homeserver.md 7); null leaves it to the server's default. */
export interface Quota {
  storage_quota_mb: number | typeof UNLIMITED | null
  rate_read: string | null
  rate_write: string | null
  rate_read_burst: number | null
  rate_write_burst: number | null
  allowed_write_paths: string[] | null
}

export const NO_QUOTA: Quota = {
  storage_quota_mb: null,
  rate_read: null,
  rate_write: null,
  rate_read_burst: null,
  rate_write_burst: null,
  allowed_write_paths: null,
}

/** The columns of `users` and `signup_codes`. */
export interface QuotaRow {
  storage_quota_mb: string | null
  rate_read: string | null
  rate_write: string | null
  rate_read_burst: number | null
  rate_write_burst: number | null
  write_paths: string[] | null
}

export const QUOTA_COLUMNS =
  'storage_quota_mb, rate_read, rate_write, rate_read_burst, rate_write_burst, write_paths'

export function quotaOfRow(row: QuotaRow): Quota {
  const { storage_quota_mb: stored, write_paths, ...rates } = row
  const megabytes = stored === null ? null : Number(stored)
  return {
    storage_quota_mb: megabytes === -1 ? UNLIMITED : megabytes,
    rate_read: rates.rate_read,
    rate_write: rates.rate_write,
    rate_read_burst: rates.rate_read_burst,
    rate_write_burst: rates.rate_write_burst,
    allowed_write_paths: write_paths,
  }
}

/** Values in the order of `QUOTA_COLUMNS`. */
export function quotaValues(quota: Quota): unknown[] {
  const { storage_quota_mb: storage } = quota
  return [
    storage === UNLIMITED ? -1 : storage,
    quota.rate_read,
    quota.rate_write,
    quota.rate_read_burst,
    quota.rate_write_burst,
    quota.allowed_write_paths,
  ]
}

type Parsed<T> = { ok: true; value: T } | { ok: false; problem: string }

function bad(problem: string): { ok: false; problem: string } {
  return { ok: false, problem }
}

function isStorage(value: unknown): value is Quota['storage_quota_mb'] {
  if (value === null || value === UNLIMITED) return true
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_MEGABYTES
}

function isRate(value: unknown): value is string | null {
  if (value === null || value === UNLIMITED) return true
  return typeof value === 'string' && bandwidthOf(value) !== null
}

function isBurst(value: unknown): value is number | null {
  if (value === null) return true
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= MAX_BURST
}

function isWritePath(value: unknown): value is string {
  if (typeof value !== 'string' || value === '/') return false
  try {
    parseStrictPath(value)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

function areWritePaths(value: unknown): value is string[] | null {
  if (value === null) return true
  if (!Array.isArray(value) || value.length > MAX_PATHS) return false
  return value.every(isWritePath) && new Set(value).size === value.length
}

function hasRate(rate: string | null): boolean {
  return rate !== null && rate !== UNLIMITED
}

/**
 * Applies a quota object to the one that holds: absent keeps, null goes back to the default. Not ok
 * for anything that is no quota, and for a burst without a rate.
 */
export function patchQuota(current: Quota, patch: unknown): Parsed<Quota> {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    return bad('not an object')
  const given = new Map<string, unknown>(Object.entries(patch))
  for (const name of given.keys()) if (!(name in NO_QUOTA)) return bad(`${name} is unknown`)
  const take = (name: keyof Quota): unknown => (given.has(name) ? given.get(name) : current[name])
  const storage = take('storage_quota_mb')
  const [read, write] = [take('rate_read'), take('rate_write')]
  const paths = take('allowed_write_paths')
  if (!isStorage(storage)) return bad('storage_quota_mb is a whole number or "unlimited"')
  if (!isRate(read)) return bad('rate_read is like 10mb/s')
  if (!isRate(write)) return bad('rate_write is like 10mb/s')
  if (!areWritePaths(paths)) return bad('allowed_write_paths are different paths like /pub/app/')
  const burstOf = (name: 'rate_read_burst' | 'rate_write_burst', rate: string | null) =>
    given.has(name) || hasRate(rate) ? take(name) : null
  const readBurst = burstOf('rate_read_burst', read)
  const writeBurst = burstOf('rate_write_burst', write)
  if (!isBurst(readBurst) || (readBurst !== null && !hasRate(read)))
    return bad('rate_read_burst is a number beside a rate')
  if (!isBurst(writeBurst) || (writeBurst !== null && !hasRate(write)))
    return bad('rate_write_burst is a number beside a rate')
  return {
    ok: true,
    value: {
      storage_quota_mb: storage,
      rate_read: read,
      rate_write: write,
      rate_read_burst: readBurst,
      rate_write_burst: writeBurst,
      allowed_write_paths: paths,
    },
  }
}

export type QuotaDefaults = Pick<
  HomeserverConfig,
  | 'defaultQuotaMb'
  | 'defaultRateRead'
  | 'defaultRateWrite'
  | 'defaultRateReadBurst'
  | 'defaultRateWriteBurst'
>

/** Every limit as it holds, the server's default where the account has none of its own. */
export function effectiveQuota(quota: Quota, defaults: QuotaDefaults) {
  const [ownRead, ownWrite] = [quota.rate_read, quota.rate_write]
  return {
    storage_quota_mb: quota.storage_quota_mb ?? defaults.defaultQuotaMb ?? UNLIMITED,
    rate_read: ownRead ?? defaults.defaultRateRead ?? UNLIMITED,
    rate_write: ownWrite ?? defaults.defaultRateWrite ?? UNLIMITED,
    rate_read_burst: ownRead === null ? defaults.defaultRateReadBurst : quota.rate_read_burst,
    rate_write_burst: ownWrite === null ? defaults.defaultRateWriteBurst : quota.rate_write_burst,
    allowed_write_paths: quota.allowed_write_paths,
  }
}

/** Bytes that an account may store; null is no limit. */
export function storageLimit(quota: Quota, defaults: QuotaDefaults): number | null {
  const megabytes = effectiveQuota(quota, defaults).storage_quota_mb
  return megabytes === UNLIMITED ? null : megabytes * MEGABYTE
}

/** Without the limits that were never set. */
export function overridesOf(quota: Quota): Partial<Quota> {
  return Object.fromEntries(Object.entries(quota).filter(([, value]) => value !== null))
}
