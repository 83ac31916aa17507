/** The addresses of a running network, for the demo community, the loader, stories and benchmarks. */
export type LocalNetwork = {
  /** Base URL of the PKARR relay. */
  relay: string
  /** Base URL of the homeserver, and its key in z-base-32. */
  homeserver: string
  homeserverKey: string
  /** Base URL of the indexer's API. */
  nexus: string
  /** Base URL of the web app. */
  web: string
  dataDir: string
}

export const SERVICES = ['pkdns', 'http-relay', 'homeserver', 'nexus', 'web'] as const
export type ServiceName = (typeof SERVICES)[number]

/** Ports by the names that `--port NAME=N` takes; those of the official testnet where it has them. */
export const DEFAULT_PORTS = {
  web: 3000,
  homeserver: 6286,
  admin: 6288,
  metrics: 6289,
  nexus: 8080,
  relay: 15_411,
  'http-relay': 15_412,
  dht: 6881,
  /** Both UDP and TCP. */
  dns: 5300,
  doh: 5380,
  /** 0 takes a free one, the same as the last time if it still is. */
  postgres: 0,
} as const
export type PortName = keyof typeof DEFAULT_PORTS
export type Ports = Record<PortName, number>

export const PORT_OWNERS: Record<Exclude<PortName, 'postgres'>, ServiceName> = {
  web: 'web',
  homeserver: 'homeserver',
  admin: 'homeserver',
  metrics: 'homeserver',
  nexus: 'nexus',
  relay: 'pkdns',
  'http-relay': 'http-relay',
  dht: 'pkdns',
  dns: 'pkdns',
  doh: 'pkdns',
}
