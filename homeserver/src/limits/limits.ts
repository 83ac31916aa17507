import { decodePath, ProtocolError, type PublicKeyZ32, type StoragePath } from '@pubky/protocol'
import { type Logger, networkOf } from '@pubky/server-kit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import type { Signals } from '../admin/signals.ts'
import type { HomeserverConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { INLINE_BYTES } from '../entries/intake.ts'
import { refusals } from '../errors.ts'
import type { Processes } from '../processes.ts'
import { headerTenant, splitTarget } from '../tenant.ts'
import { ACCOUNT_NOTICE, type Account } from './accounts.ts'
import { createPacer, type Pace } from './pace.ts'
import { effectiveQuota, storageLimit, UNLIMITED } from './quota.ts'
import { bandwidthOf } from './rate.ts'
import { createRuleChecker, parseRateRules } from './rules.ts'
import { isSlowedByUs } from './slow-clients.ts'
import { createSpending } from './spending.ts'
import { LARGE_BYTES, type Room, type Upload } from './uploads.ts'

/** How fast the body of one request may pass. */
export interface Speed {
  pace: Pace
  bytesPerSecond: number
}

export interface Limits extends AsyncDisposable {
  /** Refuses what comes too often; for the rules of `RATE_LIMITS`. */
  checkRate(request: FastifyRequest): void
  /** Whether the rules say anything of such requests; paths are plain and relative to their owner. */
  concern(method: string, path: string): boolean
  /** Whether anybody's bodies are slowed: when not, nobody has to be looked up. */
  readonly anySpeeds: boolean
  speedOf(account: Account | null, ip: string, direction: 'read' | 'write'): Speed | null
  /** What other processes let through counts here, too: the payload of a notice on `spending`. */
  onSpending(payload: string): void
  /** Looks whether an account has a speed of its own. */
  refresh(): Promise<void>
}

const STORAGE = /^\/storage\/([a-z0-9]{52})(\/.*)$/

/** A path by the spelling that rules are written in: escapes and detours must not get around them. */
function plain(path: string): string {
  if (!/%|\/\/|\/\./.test(path)) return path
  try {
    return decodePath(path)
  } catch (error) {
    if (error instanceof ProtocolError) return path
    throw error
  }
}

export function createLimits(o: {
  config: HomeserverConfig
  pool: Pool
  signals: Signals
  nowMs: () => number
  processes: Pick<Processes, 'id' | 'others'>
  log: Logger
}): Limits {
  const { config, pool, signals, nowMs } = o
  const spending = createSpending({
    ...o,
    onRequests: (rule, key, count) => rules.spend(rule, key, count),
    onBytes: (key, bandwidth, bytes) => pacer.spend(key, bandwidth, bytes),
  })
  const rules = createRuleChecker(parseRateRules(config.rateLimits), nowMs, spending.request)
  const pacer = createPacer(spending.bytes)
  const hasDefault =
    (config.defaultRateRead ?? config.defaultRateWrite ?? config.unauthenticatedIpRateRead) !== null
  let hasOwn = false

  function speed(key: string, rate: string | null, burst: number | null): Speed | null {
    const bytesPerSecond = rate === null || rate === UNLIMITED ? null : bandwidthOf(rate)
    if (bytesPerSecond === null) return null
    const bandwidth = { bytesPerSecond, burst: burst === null ? null : burst * 1024 }
    return { pace: pacer.paceOf(key, bandwidth), bytesPerSecond }
  }

  return {
    checkRate(request) {
      if (!rules.concernsAny(request.method)) return
      const { path: raw, query } = splitTarget(request.originalUrl)
      if (raw === '/info') return
      const [, owner, below] = raw.startsWith('/storage/') ? (STORAGE.exec(raw) ?? []) : []
      const verdict = rules.check({
        method: request.method,
        path: plain(below ?? raw),
        ip: request.ip,
        user: () => owner ?? headerTenant(request.headers, query),
      })
      if (verdict.result === 'ok') return
      if (verdict.result === 'no_key') throw refusals.rateKey()
      signals.note('rate_limited', verdict.key)
      throw refusals.tooManyRequests(verdict.retryAfterSeconds)
    },
    concern: rules.concern,
    get anySpeeds() {
      return hasDefault || hasOwn
    },
    speedOf(account, ip, direction) {
      if (!account) return speed(`ip ${networkOf(ip)}`, config.unauthenticatedIpRateRead, null)
      const quota = effectiveQuota(account.quota, config)
      const key = `${direction} ${account.id}`
      return direction === 'read'
        ? speed(key, quota.rate_read, quota.rate_read_burst)
        : speed(key, quota.rate_write, quota.rate_write_burst)
    },
    onSpending: spending.onNotice,
    async refresh() {
      const { rows } = await pool.query<{ any: boolean }>(
        'select exists (select from users where rate_read is not null or rate_write is not null) as any',
      )
      hasOwn = rows[0]?.any ?? false
    },
    [Symbol.asyncDispose]: spending[Symbol.asyncDispose],
  }
}

/** Tells every process that what it remembers of an account is old; this one at once. */
export async function announceAccount(ctx: Context, userId: string): Promise<void> {
  ctx.accounts.evict(userId)
  await ctx.limits.refresh()
  await ctx.pool.query("select pg_notify('auth_changes', $1)", [`${ACCOUNT_NOTICE}${userId}`])
}

/** Checks the rules before anything else is done for a request. */
export function limitRequests(app: FastifyInstance, ctx: Context): void {
  app.addHook('onRequest', (request, _, done) => {
    ctx.limits.checkRate(request)
    done()
  })
}

/** At once when it is remembered. */
function accountOf(ctx: Context, userId: string): Account | Promise<Account | null> {
  return ctx.accounts.peek(userId) ?? ctx.accounts.load(userId)
}

/** How fast a file may be read by who asks; null when it need not be slowed. Ask `anySpeeds` first. */
export async function readSpeed(
  ctx: Context,
  request: FastifyRequest,
  owner: PublicKeyZ32,
): Promise<Speed | null> {
  const session = await ctx.sessions.resolve(request.headers, owner)
  const account = session ? await accountOf(ctx, session.userId) : null
  return ctx.limits.speedOf(account, request.ip, 'read')
}

/** How fast an account may send a body; null when it need not be slowed. Ask `anySpeeds` first. */
export async function writeSpeed(
  ctx: Context,
  request: Pick<FastifyRequest, 'ip' | 'raw'>,
  userId: string,
): Promise<Speed | null> {
  const speed = ctx.limits.speedOf(await accountOf(ctx, userId), request.ip, 'write')
  if (speed) isSlowedByUs(request.raw)
  return speed
}

function isAllowed(paths: readonly string[] | null, path: string): boolean {
  if (paths === null) return true
  return paths.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one))
}

/** What there is room for at a path, as things stand. The commit judges again. */
async function roomFor(
  ctx: Context,
  account: Account,
  o: { path: StoragePath; limit: number },
): Promise<Room> {
  const { rows } = await ctx.pool.query<{ used: string; size: string | null }>({
    name: 'room',
    text: `select u.used_bytes::text as used, e.size::text as size
      from users u left join entries e on e.user_id = u.id and e.path = $2 where u.id = $1`,
    values: [account.id, o.path],
  })
  const [row] = rows
  const replaced = row?.size == null ? null : Number(row.size)
  return { limit: o.limit, used: Number(row?.used ?? 0), replaced }
}

/** Refuses a body that is too long for an account. */
export function overQuota(ctx: Context, owner: PublicKeyZ32): Error {
  ctx.signals.note('quota', owner)
  return refusals.quotaExceeded()
}

/** Counts a body as coming, unless it is short, where it has room beside those that come already. */
async function beginUpload(
  ctx: Context,
  account: Account,
  { path, length }: { path: StoragePath; length: number },
): Promise<Upload | null> {
  if (length <= INLINE_BYTES) return null
  const limit = storageLimit(account.quota, ctx.config)
  if (limit === null) return length <= LARGE_BYTES ? null : ctx.uploads.beginUnbounded(account.id)
  const isLittle = ctx.uploads.bytesOf(account.id) + length <= LARGE_BYTES
  const room = isLittle ? null : await roomFor(ctx, account, { path, limit })
  const upload = ctx.uploads.begin(account.id, room, length)
  if (!upload) throw overQuota(ctx, account.key)
  return upload
}

/**
 * What an account may do at all, in the order of spec/homeserver.md 5.2 and 5.3. Comes to the body that is
 * on its way from now on, until it leaves. A length of NaN is not known yet.
 */
export async function checkWrite(
  ctx: Context,
  o: { userId: string; path: StoragePath; method: string; length: number },
): Promise<Upload | null> {
  const account = await accountOf(ctx, o.userId)
  if (!account) throw refusals.notFound()
  if (o.method === 'PUT' && account.disabled) throw refusals.userDisabled()
  const upload = o.method === 'PUT' ? await beginUpload(ctx, account, o) : null
  if (isAllowed(account.quota.allowed_write_paths, o.path)) return upload
  upload?.leave()
  throw refusals.writePath()
}
