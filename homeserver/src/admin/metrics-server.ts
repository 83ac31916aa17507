import { createHttpServer } from '@pubky/server-kit'
import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'

/** Adds what is read when it is asked for: the state of this process. */
function watchProcess({ metrics, writer, hub, signals, published, placement }: Context): void {
  metrics.gauge('writes_waiting', 'Writes that wait to be committed', () => writer.queued)
  metrics.gauge('events_listening', '1 while notices of other processes arrive', () =>
    Number(hub.listening),
  )
  metrics.gauge('event_head', 'Id of the newest event', () => Number(hub.head))
  metrics.gauge(
    'blob_store_setting_outdated',
    '1 when BLOB_STORE is to be changed after a move',
    () => Number(placement().advice !== null),
  )
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process', () =>
    process.memoryUsage.rss(),
  )
  metrics.gauge('process_uptime_seconds', 'How long the process runs', () =>
    Math.round(process.uptime()),
  )
  for (const kind of ['rate_limited', 'admin_password', 'sign_in', 'quota'] as const)
    metrics.gauge(`${kind}_refusals`, 'Refusals since the start', () => signals.totals()[kind])
  metrics.gauge('own_record_published_seconds', 'When the own record was published last', () =>
    Math.round((published.own.lastMs ?? 0) / 1000),
  )
  for (const result of ['published', 'skipped', 'failed'])
    metrics.gauge(
      `user_records_${result}`,
      'Records of users in the last round',
      () => published.users.counts[result] ?? 0,
    )
}

/** `GET /metrics` in the text form of Prometheus (spec/homeserver.md 7). */
export function createMetricsServer(ctx: Context): FastifyInstance {
  const app = createHttpServer({ name: 'homeserver metrics', log: ctx.log, errors: 'text' })
  watchProcess(ctx)
  app.get('/metrics', async (_, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(ctx.metrics.text()),
  )
  return app
}
