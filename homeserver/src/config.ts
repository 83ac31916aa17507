import { type Config, choice, integerSetting, list, optionalText, text } from '@pubky/server-kit'

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
  secretSeed: optionalText({
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
    doc: 'Address in the published record',
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
    doc: 'How often the own record is published, in seconds',
  }),
  userRepublishIntervalSeconds: integerSetting({
    env: 'USER_REPUBLISH_INTERVAL_SECONDS',
    default: 14_400,
    doc: 'How often the records of users are announced anew, in seconds; 0 never, else at least 1800',
  }),
  maxObjectBytes: integerSetting({
    env: 'MAX_OBJECT_BYTES',
    default: 1_073_741_824,
    doc: 'Largest file, in bytes',
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
