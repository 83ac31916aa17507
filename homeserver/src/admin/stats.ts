import type { FastifyInstance } from 'fastify'
import manifest from '../../package.json' with { type: 'json' }
import type { Placement } from '../blobs/placement.ts'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { effectiveQuota, NO_QUOTA } from '../limits/quota.ts'

interface Totals {
  num_users: number
  num_disabled_users: number
  total_disk_used_mb: number
  num_signup_codes: number
  num_unused_signup_codes: number
}

async function totals(ctx: Context): Promise<Totals> {
  const { rows } = await ctx.pool.query<Totals>(
    `select u.*, c.* from
      (select count(*)::int as num_users, count(*) filter (where disabled)::int as num_disabled_users,
         (coalesce(sum(used_bytes), 0) / 1048576)::numeric::int8::int as total_disk_used_mb from users) u,
      (select count(*)::int as num_signup_codes,
         count(*) filter (where used_at is null)::int as num_unused_signup_codes from signup_codes) c`,
  )
  return (
    rows[0] ?? {
      num_users: 0,
      num_disabled_users: 0,
      total_disk_used_mb: 0,
      num_signup_codes: 0,
      num_unused_signup_codes: 0,
    }
  )
}

async function info(ctx: Context) {
  const { config, publicKey, published } = ctx
  return {
    ...(await totals(ctx)),
    public_key: publicKey,
    pkarr_pubky_address: `${published.publicIp || config.publicIp}:${config.publicTlsPort}`,
    pkarr_icann_domain: `${config.icannDomain}:${config.publicHttpPort || published.httpPort}`,
    version: manifest.version,
  }
}

/** Step and number of buckets of the charts. */
const RANGES: Readonly<Record<string, { stepSeconds: number; count: number }>> = {
  hour: { stepSeconds: 60, count: 60 },
  day: { stepSeconds: 1800, count: 48 },
  week: { stepSeconds: 4 * 3600, count: 42 },
  month: { stepSeconds: 86_400, count: 30 },
}

interface Bucket {
  at: string
  puts: number
  deletes: number
  users: number
}

/** How many files were written and deleted, and by how many people, over time. */
async function writes(ctx: Context, name: string) {
  const range = RANGES[name]
  if (!range) throw refusals.query('invalid_range', 'Invalid range')
  const { stepSeconds, count } = range
  const { rows } = await ctx.pool.query<Bucket>(
    `with bounds as (
       select date_bin($1 * interval '1 second', now(), timestamptz 'epoch') - ($2 - 1) * $1 * interval '1 second' as first
     )
     select to_char(b.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
       coalesce(e.puts, 0)::int as puts, coalesce(e.deletes, 0)::int as deletes, coalesce(e.users, 0)::int as users
     from bounds, generate_series(bounds.first, now(), $1 * interval '1 second') as b (at)
     left join (
       select date_bin($1 * interval '1 second', created_at, timestamptz 'epoch') as at,
         count(*) filter (where kind = 0) as puts, count(*) filter (where kind = 1) as deletes,
         count(distinct user_id) as users
       from events where created_at >= (select first from bounds) group by 1
     ) e on e.at = b.at
     order by b.at`,
    [stepSeconds, count],
  )
  return { range: name, step_seconds: stepSeconds, buckets: rows }
}

function blobStores({ reads, writes, advice }: Placement) {
  const from = reads.find((kind) => kind !== writes)
  return { blob_store: writes, blob_store_from: from ?? null, blob_store_advice: advice }
}

/** What one look at the page needs: this process, all accounts, and what asks for attention. */
async function stats(ctx: Context) {
  const { config, hub, writer, signals, published, metrics } = ctx
  return {
    ...(await info(ctx)),
    process: {
      uptime_seconds: Math.round(process.uptime()),
      memory_bytes: process.memoryUsage.rss(),
      writes_waiting: writer.queued,
      streams_open: metrics.streamsOpen(),
      events_listening: hub.listening,
      newest_event: String(hub.head),
    },
    settings: {
      network: config.network,
      signup_mode: config.signupMode,
      ...blobStores(ctx.placement()),
      rate_limits: config.rateLimits,
      quota: effectiveQuota(NO_QUOTA, config),
    },
    publishing: {
      own: published.own,
      users: published.users,
      own_interval_seconds: config.republishIntervalSeconds,
      users_interval_seconds: config.userRepublishIntervalSeconds,
    },
    signals: { totals: signals.totals(), top: signals.top(20) },
  }
}

export function statsRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/info', async (_, reply) =>
    reply.header('cache-control', 'no-store').send(await info(ctx)),
  )
  app.get('/stats', async (_, reply) =>
    reply.header('cache-control', 'no-store').send(await stats(ctx)),
  )
  app.get<{ Querystring: { range?: string } }>('/stats/writes', async ({ query }, reply) =>
    reply.header('cache-control', 'no-store').send(await writes(ctx, query.range ?? 'day')),
  )
}
