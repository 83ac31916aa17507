import {
  createHttpServer,
  createLogger,
  createMetrics,
  createRateLimiter,
  type Logger,
  listen,
  type Running,
  startWithTeardown,
} from '@pubky/server-kit'
import { completeConfig, type HttpRelayConfig, idleTimeoutMs } from './config.ts'
import { allowBrowsers } from './cors.ts'
import { createMailbox } from './mailbox.ts'
import { createMessageStore } from './message-store.ts'
import { relayRoutes } from './routes.ts'

const SWEEP_MS = 15_000
const BURST = 5
/** What open requests get when the relay stops (spec/satellites.md 1.4). */
const CLOSE_GRACE_MS = 1000
/** Messages are short: who takes longer to send one only holds a connection. */
const REQUEST_TIMEOUT_MS = 20_000

export interface HttpRelayDeps {
  log: Logger
  /** Milliseconds since the epoch. */
  nowMs: () => number
}

/**
 * Starts the HTTP relay. `urls.http` is its base; clients use `…/inbox` or, of older generations,
 * `…/link` below it. Rejects with a StartError such as `port_in_use`.
 *
 * @example
 * const relay = await startHttpRelay({ port: 0, cors: 'allow-all' })
 */
export function startHttpRelay(
  given: Partial<HttpRelayConfig> = {},
  deps: Partial<HttpRelayDeps> = {},
): Promise<Running<{ http: string; metrics: string }>> {
  const config = completeConfig(given)
  const { log = createLogger('http-relay'), nowMs = () => Date.now() } = deps
  const warn = (error: unknown) => log.warn({ error }, 'a message could not be kept')

  return startWithTeardown(async (teardown) => {
    const { persistDir } = config
    const mailbox = createMailbox({
      ...config,
      nowMs,
      store: persistDir === null ? null : createMessageStore({ dir: persistDir, warn }),
      warn,
    })
    await mailbox.load()
    const sweeping = setInterval(() => mailbox.sweep(), SWEEP_MS)
    teardown.add(() => clearInterval(sweeping))

    const metrics = createMetrics()
    const answered = metrics.counter('http_relay_requests_total', 'Answers by route and status')
    metrics.gauge('http_relay_messages', 'Messages held', () => mailbox.stats().entries)
    metrics.gauge('http_relay_waiting', 'Requests that wait', () => mailbox.stats().waiting)

    const app = createHttpServer({
      name: 'http-relay',
      log,
      bodyLimit: config.maxBodyBytes,
      trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
      closeGraceMs: CLOSE_GRACE_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      idleTimeoutMs: idleTimeoutMs(config),
    })
    teardown.add(() => app.close())
    if (config.cors === 'allow-all') allowBrowsers(app)
    await app.register(async (scope) =>
      relayRoutes(scope, {
        mailbox,
        limiter: createRateLimiter({
          capacity: config.requestsPerSecond * BURST,
          refillPerSecond: config.requestsPerSecond,
          nowMs,
        }),
        linkTimeoutMs: config.linkTimeoutSeconds * 1000,
        inboxTimeoutMs: config.inboxTimeoutSeconds * 1000,
        inboxTtlMs: config.inboxTtlSeconds * 1000,
        observe: (route, method, status) =>
          answered.add(1, { route, method, status: String(status) }),
      }),
    )
    const { host } = config
    const { url } = await listen(app, { name: 'the HTTP relay', host, port: config.port })
    if (config.metricsPort === 0) return { http: url, metrics: '' }

    const numbers = createHttpServer({ name: 'http-relay metrics', log })
    teardown.add(() => numbers.close())
    numbers.get('/metrics', async (_, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.text()),
    )
    const at = await listen(numbers, {
      name: 'metrics of the HTTP relay',
      host,
      port: config.metricsPort,
    })
    return { http: url, metrics: `${at.url}/metrics` }
  })
}
