import { createMetrics } from '@pubky/server-kit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { cookieSecret } from '../sessions/resolver.ts'
import type { StorageTarget } from '../tenant.ts'

export type HomeserverMetrics = ReturnType<typeof createHomeserverMetrics>

/** Half of the events that are kept in memory for live streams. */
const HALF_FULL = 2048n

/** Metrics by the names of spec/homeserver.md 7, and some of our own. No label names anybody. */
export function createHomeserverMetrics() {
  const metrics = createMetrics({ otel_scope_name: 'pubky_homeserver' })
  const requests = metrics.counter('storage_request_count_total', 'Requests of files and folders')
  const answers = metrics.counter('http_answer_count_total', 'Answers by method and status')
  let streams = 0
  metrics.gauge('event_stream_active_connections', 'Open event streams', () => streams)
  const lasted = metrics.histogram(
    'event_stream_connection_duration_ms',
    'How long event streams were open',
  )
  const lagged = metrics.counter(
    'event_stream_broadcast_lagged_count_total',
    'Streams that lagged beyond memory and read from the table',
  )
  const halfFull = metrics.counter(
    'event_stream_broadcast_half_full_count_total',
    'Streams that lagged by half of what memory holds',
  )
  return {
    text: metrics.text,
    gauge: metrics.gauge,
    signups: metrics.counter('signup_count_total', 'Accounts made'),
    feedQueries: metrics.histogram('events_db_query_duration_ms', 'Queries of the feed'),
    streamQueries: metrics.histogram(
      'event_stream_db_query_duration_ms',
      'Queries of event streams',
    ),
    /** Of a stream that has so many events before it; null is more than memory holds. */
    lag(events: bigint | null): void {
      if (events === null) lagged.add()
      else if (events > HALF_FULL) halfFull.add()
    },
    streamsOpen: () => streams,
    /** Counts an open stream until the function it returns is called. */
    streamOpened(): () => void {
      const sinceMs = performance.now()
      streams += 1
      return () => {
        streams -= 1
        lasted.observe(performance.now() - sinceMs)
      }
    },
    storageRequest(
      { headers, originalUrl }: Pick<FastifyRequest, 'headers' | 'originalUrl'>,
      target: StorageTarget,
    ): void {
      const isBearer = headers.authorization?.startsWith('Bearer ') ?? false
      const hasCookie = !isBearer && cookieSecret(headers.cookie, target.owner) !== null
      const signedBy = isBearer ? 'grant' : hasCookie ? 'cookie' : 'none'
      requests.add(1, {
        addressing_mode: target.byPath ? 'path' : 'legacy',
        pubky_host_header: String('pubky-host' in headers),
        pubky_host_query: String(originalUrl.includes('pubky-host=')),
        auth_method: signedBy,
      })
    },
    answer(method: string, status: number): void {
      answers.add(1, { method, status: String(status) })
    },
  }
}

/** Counts every answer of a server. */
export function countAnswers(app: FastifyInstance, metrics: HomeserverMetrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    metrics.answer(request.method, reply.statusCode)
    done()
  })
}
