import { choice, integerSetting, list, text } from '@pubky/server-kit'

/** Settings of the service; the table in the README is made from it. */
export const pkdnsSettings = {
  host: text({ env: 'HOST', default: '127.0.0.1', doc: 'Address the relay listens at' }),
  relayPort: integerSetting({
    env: 'RELAY_PORT',
    default: 15_411,
    max: 65_535,
    doc: 'HTTP port of the PKARR relay; 0 takes a free one',
  }),
  dhtPort: integerSetting({
    env: 'DHT_PORT',
    default: 6881,
    max: 65_535,
    doc: 'UDP port of the first DHT node; 0 takes a free one',
  }),
  nodes: integerSetting({
    env: 'DHT_NODES',
    default: 8,
    min: 1,
    max: 64,
    doc: 'DHT nodes of the local network; on mainnet there is one',
  }),
  dataDir: text({ env: 'DATA_DIR', default: '.data/pkdns', doc: 'Folder of packets and nodes' }),
  network: choice({
    env: 'NETWORK',
    default: 'local',
    of: ['local', 'mainnet'],
    doc: 'Local network (loopback only) or Mainline DHT',
  }),
  bootstrap: list({
    env: 'DHT_BOOTSTRAP',
    default: [],
    doc: 'host:port of nodes to join by; on mainnet the public ones when empty',
  }),
  minimumTtl: integerSetting({
    env: 'MINIMUM_TTL',
    default: 300,
    doc: 'Shortest time a packet counts as fresh, in seconds',
  }),
  maximumTtl: integerSetting({
    env: 'MAXIMUM_TTL',
    default: 86_400,
    doc: 'Longest time a packet counts as fresh, in seconds',
  }),
  cacheBytes: integerSetting({
    env: 'CACHE_BYTES',
    default: 64 << 20,
    min: 1 << 16,
    doc: 'Packets held in memory, in bytes',
  }),
  cachePackets: integerSetting({
    env: 'CACHE_PACKETS',
    default: 1_000_000,
    min: 1,
    doc: 'Packets held on disk',
  }),
  requestsPerSecond: integerSetting({
    env: 'REQUESTS_PER_SECOND',
    default: 0,
    doc: 'HTTP requests of one address per second, five times as many at once; 0 means 1000 on the local network, else 20',
  }),
  lookupsPerSecond: integerSetting({
    env: 'LOOKUPS_PER_SECOND',
    default: 0,
    doc: 'Requests of one address per second that reach the DHT, five times as many at once; 0 means 1000 on the local network, else 10',
  }),
  behindProxy: choice({
    env: 'BEHIND_PROXY',
    default: 'no',
    of: ['no', 'yes'],
    doc: 'Whether the address of a client is read from the headers of a proxy',
  }),
}

/** Configuration of `startPkdns`; times in seconds, sizes in bytes. */
export interface PkdnsConfig {
  host: string
  relayPort: number
  dhtPort: number
  nodes: number
  dataDir: string
  network: 'local' | 'mainnet'
  bootstrap: string[]
  minimumTtl: number
  maximumTtl: number
  cacheBytes: number
  cachePackets: number
  requestsPerSecond: number
  lookupsPerSecond: number
  behindProxy: 'no' | 'yes'
}

/** The defaults of all settings but the folder. */
export const PKDNS_DEFAULTS: Omit<PkdnsConfig, 'dataDir'> = {
  host: pkdnsSettings.host.default,
  relayPort: pkdnsSettings.relayPort.default,
  dhtPort: pkdnsSettings.dhtPort.default,
  nodes: pkdnsSettings.nodes.default,
  network: 'local',
  bootstrap: [],
  minimumTtl: pkdnsSettings.minimumTtl.default,
  maximumTtl: pkdnsSettings.maximumTtl.default,
  cacheBytes: pkdnsSettings.cacheBytes.default,
  cachePackets: pkdnsSettings.cachePackets.default,
  requestsPerSecond: 0,
  lookupsPerSecond: 0,
  behindProxy: 'no',
}
