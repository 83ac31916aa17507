import { type Config, choice, integerSetting, list, optionalText, text } from '@pubky/server-kit'

/** Settings of the relay; the table in the README is made from it (spec/satellites.md 1.4). */
export const httpRelaySettings = {
  host: text({ env: 'HOST', default: '127.0.0.1', doc: 'Address to listen at' }),
  port: integerSetting({
    env: 'PORT',
    default: 15_412,
    max: 65_535,
    doc: 'Port of clients; 0 takes a free one',
  }),
  metricsPort: integerSetting({
    env: 'METRICS_PORT',
    default: 0,
    max: 65_535,
    doc: 'Port of `/metrics` for Prometheus; 0 serves none',
  }),
  trustedProxies: list({
    env: 'TRUSTED_PROXIES',
    default: [],
    doc: 'Addresses of reverse proxies whose X-Forwarded-For is believed',
  }),
  cors: choice({
    env: 'CORS',
    default: 'off',
    of: ['off', 'allow-all'],
    doc: '`allow-all` lets browsers of any origin use the relay; `off` where a reverse proxy says so',
  }),
  linkTimeoutSeconds: integerSetting({
    env: 'LINK_TIMEOUT_SECONDS',
    default: 600,
    min: 1,
    doc: 'How long requests below `/link` wait and their messages live, in seconds',
  }),
  inboxTimeoutSeconds: integerSetting({
    env: 'INBOX_TIMEOUT_SECONDS',
    default: 25,
    min: 1,
    doc: 'How long requests below `/inbox` wait, in seconds',
  }),
  inboxTtlSeconds: integerSetting({
    env: 'INBOX_TTL_SECONDS',
    default: 300,
    min: 1,
    doc: 'How long messages below `/inbox` live, in seconds',
  }),
  maxBodyBytes: integerSetting({
    env: 'MAX_BODY_BYTES',
    default: 2048,
    min: 1,
    max: 1 << 20,
    doc: 'Largest message, in bytes',
  }),
  maxEntries: integerSetting({
    env: 'MAX_ENTRIES',
    default: 10_000,
    min: 1,
    doc: 'Messages held at once; beyond, the oldest goes',
  }),
  maxEntriesPerAddress: integerSetting({
    env: 'MAX_ENTRIES_PER_ADDRESS',
    default: 500,
    min: 1,
    doc: 'Messages of one client address held at once; beyond, its own oldest goes',
  }),
  maxWaiting: integerSetting({
    env: 'MAX_WAITING',
    default: 20_000,
    min: 1,
    doc: 'Requests that wait at once',
  }),
  maxWaitingPerAddress: integerSetting({
    env: 'MAX_WAITING_PER_ADDRESS',
    default: 500,
    min: 1,
    doc: 'Requests of one client address that wait at once',
  }),
  requestsPerSecond: integerSetting({
    env: 'REQUESTS_PER_SECOND',
    default: 50,
    min: 1,
    doc: 'Requests of one client address per second, five times as many at once',
  }),
  persistDir: optionalText({
    env: 'PERSIST_DIR',
    doc: 'Folder that keeps messages through a restart; without it they live in memory',
  }),
}

export type HttpRelayConfig = Config<typeof httpRelaySettings>

/** Fills in the defaults of settings that are not given. */
export function completeConfig(given: Partial<HttpRelayConfig>): HttpRelayConfig {
  const defaults = Object.entries(httpRelaySettings).map(([name, one]) => [name, one.default])
  return { ...(Object.fromEntries(defaults) as HttpRelayConfig), ...given }
}

const IDLE_MARGIN_MS = 30_000

/** How long a connection may be silent: a little longer than a request may wait on it. */
export function idleTimeoutMs({
  linkTimeoutSeconds,
  inboxTimeoutSeconds,
}: HttpRelayConfig): number {
  return Math.max(linkTimeoutSeconds, inboxTimeoutSeconds) * 1000 + IDLE_MARGIN_MS
}
