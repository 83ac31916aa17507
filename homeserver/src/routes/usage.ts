import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { refusals } from '../errors.ts'
import { effectiveQuota, storageLimit } from '../limits/quota.ts'
import { parseRateRules } from '../limits/rules.ts'
import { tenantOf } from './accounts.ts'
import { vary } from './cors.ts'

const VARY = 'pubky-host, Authorization, Cookie'

interface Row {
  used: string
  files: string
}

/** What the account of this session uses, and what it may use; null is no limit. */
async function usage(ctx: Context, request: FastifyRequest, reply: FastifyReply) {
  vary(reply, VARY)
  reply.raw.setHeader('cache-control', 'no-store')
  const session = await ctx.sessions.resolve(request.headers, tenantOf(request))
  if (!session) throw refusals.noSession()
  const account = ctx.accounts.peek(session.userId) ?? (await ctx.accounts.load(session.userId))
  if (!account) throw refusals.notFound()
  const { rows } = await ctx.pool.query<Row>({
    name: 'usage',
    text: `select u.used_bytes::text as used,
        (select count(*) from entries e where e.user_id = u.id)::text as files
      from users u where u.id = $1`,
    values: [session.userId],
  })
  const quota = effectiveQuota(account.quota, ctx.config)
  const rate = (text: string) => (text === 'unlimited' ? null : text)
  return reply.send({
    pubky: session.user,
    disabled: account.disabled,
    storage: {
      used_bytes: Number(rows[0]?.used ?? 0),
      limit_bytes: storageLimit(account.quota, ctx.config),
      files: Number(rows[0]?.files ?? 0),
      largest_file_bytes: ctx.config.maxObjectBytes,
    },
    bandwidth: {
      read: rate(quota.rate_read),
      read_burst_kb: quota.rate_read_burst,
      write: rate(quota.rate_write),
      write_burst_kb: quota.rate_write_burst,
    },
    allowed_write_paths: quota.allowed_write_paths,
    requests: parseRateRules(ctx.config.rateLimits).map((rule) => ({
      method: rule.method,
      path: rule.pattern,
      count: rule.count,
      seconds: rule.seconds,
      burst: rule.burst,
    })),
  })
}

export function usageRoutes(app: FastifyInstance, ctx: Context): void {
  app.get('/usage', (request, reply) => usage(ctx, request, reply))
}
