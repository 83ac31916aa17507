import type { RuntimeConfig } from '../state/config.ts'

/** Public key of the seed of 32 zero bytes: the homeserver of the local network. */
const LOCAL_HOMESERVER = '8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo'

const LOCAL = {
  relays: 'http://localhost:15411',
  nexus: 'http://localhost:8080',
  homeserver: LOCAL_HOMESERVER,
}
const MAINNET = {
  relays: 'https://pkarr.pubky.app,https://pkarr.pubky.org',
  nexus: 'https://nexus.pubky.app',
  homeserver: '',
}

function origin(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Error(`${name} must be an http or https address, found "${text}"`)
  return url.href.replace(/\/+$/, '')
}

function read(): RuntimeConfig {
  const env = process.env
  const network = env.PUBKY_NETWORK === 'mainnet' ? 'mainnet' : 'local'
  const defaults = network === 'local' ? LOCAL : MAINNET
  const relays = (env.PUBKY_RELAYS || defaults.relays).split(',').map((text) => text.trim())
  return {
    network,
    relays: relays.filter(Boolean).map((relay) => origin(relay, 'PUBKY_RELAYS')),
    nexus: origin(env.PUBKY_NEXUS_URL || defaults.nexus, 'PUBKY_NEXUS_URL'),
    homeserver: env.PUBKY_HOMESERVER || defaults.homeserver || null,
    signupCode: (env.PUBKY_SIGNUP_CODE || (network === 'local' ? 'no' : 'yes')) === 'yes',
    clientId: env.PUBKY_CLIENT_ID || 'pubky.app',
  }
}

let config: RuntimeConfig | null = null

/** The environment at the start of the server, checked once. */
export function serverConfig(): RuntimeConfig {
  config ??= read()
  return config
}

/** Where the server itself reaches the indexer; the same as the browsers' unless told. */
export function internalNexus(): string {
  const internal = process.env.PUBKY_NEXUS_INTERNAL_URL
  return internal ? origin(internal, 'PUBKY_NEXUS_INTERNAL_URL') : serverConfig().nexus
}

/** Public origin of this app, for addresses in link previews. */
export function publicOrigin(): string {
  return origin(process.env.PUBKY_WEB_URL || 'http://localhost:3000', 'PUBKY_WEB_URL')
}
