import { isIP } from 'node:net'
import {
  BLOB_STORES,
  type Config,
  choice,
  integerSetting,
  list,
  type Setting,
  text,
} from '@pubky/server-kit'
import { bandwidthOf } from './limits/rate.ts'
import { parseRateRules } from './limits/rules.ts'

type Rest = { env: string; doc: string }

function optionalInteger(o: Rest & { min?: number; max?: number }): Setting<number | null> {
  const { parse } = integerSetting({ ...o, default: 0 })
  return { ...o, default: null, parse: (value) => (value === '' ? null : parse(value)) }
}

function optionalRate(o: Rest): Setting<string | null> {
  return {
    ...o,
    default: null,
    parse(value) {
      if (value === '' || bandwidthOf(value) !== null) return value || null
      throw new TypeError('must be a rate like 10mb/s')
    },
  }
}

function rateRules(o: Rest & { default: string }): Setting<string> {
  return {
    ...o,
    parse(value) {
      const problems = value.split(';').flatMap((rule) => {
        try {
          parseRateRules(rule)
          return []
        } catch (error) {
          return [error instanceof Error ? error.message : 'is wrong']
        }
      })
      if (problems.length > 0) throw new TypeError(problems.join(', and '))
      return value
    },
  }
}

function optionalSeed(o: Rest & { secret: true }): Setting<string | null> {
  return {
    ...o,
    default: null,
    parse(value) {
      const seed = value.trim()
      if (seed === '' || /^[0-9a-f]{64}$/i.test(seed)) return seed || null
      throw new TypeError('must be 64 hexadecimal digits')
    },
  }
}

const WEEK_SECONDS = 7 * 24 * 3600

/** Settings of the homeserver; the table in the README is made from it. */
export const homeserverSettings = {
  databaseUrl: text({
    env: 'DATABASE_URL',
    default: 'postgres://localhost:5432/pubky_homeserver',
    doc: 'PostgreSQL database',
    secret: true,
  }),
  dataDir: text({
    env: 'DATA_DIR',
    default: '.data/homeserver',
    doc: 'Folder of the secret key and the blobs',
  }),
  secretSeed: optionalSeed({
    env: 'SECRET_SEED',
    doc: '32-byte secret key in hex; otherwise the file `secret` in the data folder, made at first start',
    secret: true,
  }),
  host: text({ env: 'HOST', default: '127.0.0.1', doc: 'Address to listen at' }),
  port: integerSetting({ env: 'PORT', default: 6286, max: 65_535, doc: 'Port of clients' }),
  trustedProxies: list({
    env: 'TRUSTED_PROXIES',
    default: [],
    doc: 'Addresses of reverse proxies whose X-Forwarded-For is believed',
  }),
  adminPort: integerSetting({
    env: 'ADMIN_PORT',
    default: 6288,
    max: 65_535,
    doc: 'Port of the admin API',
  }),
  adminHost: text({ env: 'ADMIN_HOST', default: '127.0.0.1', doc: 'Address of the admin API' }),
  adminPassword: text({
    env: 'ADMIN_PASSWORD',
    default: 'admin',
    doc: 'Password of the admin API',
    secret: true,
  }),
  metricsPort: optionalInteger({
    env: 'METRICS_PORT',
    max: 65_535,
    doc: 'Port of the metrics for Prometheus, usually 6289; none when empty',
  }),
  metricsHost: text({
    env: 'METRICS_HOST',
    default: '127.0.0.1',
    doc: 'Address of the metrics',
  }),
  signupMode: choice({
    env: 'SIGNUP_MODE',
    default: 'auto',
    of: ['auto', 'open', 'token_required'],
    doc: 'Who may sign up: `open` everybody, `token_required` whoever has a token, `auto` is open on the local network only',
  }),
  icannDomain: text({
    env: 'ICANN_DOMAIN',
    default: 'localhost',
    doc: 'Domain by which browsers reach this server',
  }),
  publicIp: text({
    env: 'PUBLIC_IP',
    default: '127.0.0.1',
    doc: 'Address in the published record; `auto` finds it out, and publishes again when it changes',
  }),
  publicHttpPort: integerSetting({
    env: 'PUBLIC_HTTP_PORT',
    default: 0,
    max: 65_535,
    doc: 'HTTP port in the published record; 0 is the port that is listened at',
  }),
  publicTlsPort: integerSetting({
    env: 'PUBLIC_TLS_PORT',
    default: 6287,
    max: 65_535,
    doc: 'TLS port in the published record',
  }),
  pkarrRelays: list({
    env: 'PKARR_RELAYS',
    default: ['http://localhost:15411'],
    doc: 'PKARR relays to publish to',
  }),
  network: choice({
    env: 'NETWORK',
    default: 'local',
    of: ['local', 'mainnet'],
    doc: 'Local network or Mainline DHT',
  }),
  republishIntervalSeconds: integerSetting({
    env: 'REPUBLISH_INTERVAL_SECONDS',
    default: 3600,
    min: 60,
    max: WEEK_SECONDS,
    doc: 'How often the own record is published, in seconds',
  }),
  userRepublishIntervalSeconds: integerSetting({
    env: 'USER_REPUBLISH_INTERVAL_SECONDS',
    default: 14_400,
    max: WEEK_SECONDS,
    doc: 'How often the records of users are announced anew, in seconds; 0 never, else at least 1800',
  }),
  maxObjectBytes: integerSetting({
    env: 'MAX_OBJECT_BYTES',
    default: 1_073_741_824,
    doc: 'Largest file, in bytes',
  }),
  maxStreams: integerSetting({
    env: 'MAX_STREAMS',
    default: 10_000,
    min: 1,
    doc: 'Event streams that may be open at once',
  }),
  maxStreamsPerAddress: integerSetting({
    env: 'MAX_STREAMS_PER_ADDRESS',
    default: 2000,
    min: 1,
    doc: 'Event streams that one address may hold open at once',
  }),
  defaultQuotaMb: optionalInteger({
    env: 'DEFAULT_QUOTA_MB',
    doc: 'Megabytes that an account may store when it has no limit of its own; no limit when empty',
  }),
  defaultRateRead: optionalRate({
    env: 'DEFAULT_RATE_READ',
    doc: 'Speed at which one account reads, like `10mb/s`; no limit when empty',
  }),
  defaultRateWrite: optionalRate({
    env: 'DEFAULT_RATE_WRITE',
    doc: 'Speed at which one account writes; no limit when empty',
  }),
  defaultRateReadBurst: optionalInteger({
    env: 'DEFAULT_RATE_READ_BURST',
    min: 1,
    max: 2_147_483_647,
    doc: 'Kilobytes that may be read at once; what a second allows when empty',
  }),
  defaultRateWriteBurst: optionalInteger({
    env: 'DEFAULT_RATE_WRITE_BURST',
    min: 1,
    max: 2_147_483_647,
    doc: 'Kilobytes that may be written at once; what a second allows when empty',
  }),
  unauthenticatedIpRateRead: optionalRate({
    env: 'UNAUTHENTICATED_IP_RATE_READ',
    doc: 'Speed for all requests of one address that are not signed in; no limit when empty',
  }),
  rateLimits: rateRules({
    env: 'RATE_LIMITS',
    default: 'GET /signup_tokens/* 10r/m ip',
    doc: 'Rules separated by `;`, see “Limits of requests”',
  }),
  blobStore: choice({
    env: 'BLOB_STORE',
    default: 'files',
    of: BLOB_STORES,
    doc: 'Where bodies above 16 KiB lie: `files`, `postgres`, `lmdb` or `s3`',
  }),
  blobStoreFrom: choice({
    env: 'BLOB_STORE_FROM',
    default: 'none',
    of: ['none', ...BLOB_STORES],
    doc: 'The store that blobs are being moved from; reads look there, too',
  }),
  s3Endpoint: text({
    env: 'S3_ENDPOINT',
    default: '',
    doc: 'Address of the bucket, like `https://s3.example.com/bucket`',
  }),
  s3Region: text({ env: 'S3_REGION', default: 'auto', doc: 'Region of the bucket' }),
  s3AccessKeyId: text({
    env: 'S3_ACCESS_KEY_ID',
    default: '',
    doc: 'Name of the key to the bucket',
  }),
  s3SecretAccessKey: text({
    env: 'S3_SECRET_ACCESS_KEY',
    default: '',
    doc: 'The key to the bucket',
    secret: true,
  }),
}

export type HomeserverConfig = Config<typeof homeserverSettings>

function defaultOf(setting: { default: unknown }): unknown {
  return setting.default
}

/** What holds for settings that are not given. */
export const defaults = Object.freeze(
  Object.fromEntries(
    Object.entries(homeserverSettings).map(([name, setting]) => [name, defaultOf(setting)]),
  ),
) as Readonly<HomeserverConfig>

/** Fills in the defaults, and what depends on other settings. */
export function completeConfig(given: Partial<HomeserverConfig>): HomeserverConfig {
  const config = { ...defaults, ...given }
  if (config.signupMode === 'auto')
    config.signupMode = config.network === 'local' ? 'open' : 'token_required'
  return config
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

/** Whether nobody outside this machine reaches the server (design 5). */
export function isPrivate({ network, host, adminHost }: HomeserverConfig): boolean {
  return network === 'local' && LOOPBACK.has(host) && LOOPBACK.has(adminHost)
}

/** What is fine on one machine alone is refused where strangers can reach it (design 5). */
function weakSecrets(config: HomeserverConfig): string[] {
  const problems: string[] = []
  if (isPrivate(config)) return problems
  if (config.adminPassword === 'admin' || config.adminPassword === '')
    problems.push('ADMIN_PASSWORD must not be the default admin password outside the local network')
  if (config.secretSeed !== null && /^0+$/.test(config.secretSeed))
    problems.push('SECRET_SEED must not be the all-zero secret key outside the local network')
  return problems
}

/** What is wrong with settings beside each other, in one sentence each. */
export function configProblems(config: HomeserverConfig): string[] {
  const problems = weakSecrets(config)
  if (config.publicIp !== 'auto' && isIP(config.publicIp) === 0)
    problems.push('PUBLIC_IP must be an address, or `auto`')
  const stores: string[] = [config.blobStore, config.blobStoreFrom]
  if (stores[0] === stores[1])
    problems.push('BLOB_STORE_FROM must be another store than BLOB_STORE')
  if (stores.includes('s3'))
    for (const [name, value] of [
      ['S3_ENDPOINT', config.s3Endpoint],
      ['S3_ACCESS_KEY_ID', config.s3AccessKeyId],
      ['S3_SECRET_ACCESS_KEY', config.s3SecretAccessKey],
    ])
      if (value === '') problems.push(`${name} is needed for the blob store s3`)
  if (config.s3Endpoint !== '' && !URL.canParse(config.s3Endpoint))
    problems.push('S3_ENDPOINT must be an address')
  if (config.defaultRateReadBurst !== null && config.defaultRateRead === null)
    problems.push('DEFAULT_RATE_READ_BURST needs DEFAULT_RATE_READ')
  if (config.defaultRateWriteBurst !== null && config.defaultRateWrite === null)
    problems.push('DEFAULT_RATE_WRITE_BURST needs DEFAULT_RATE_WRITE')
  return problems
}
