import {
  type Config,
  choice,
  integerSetting,
  list,
  loadConfig,
  optionalText,
  text,
} from '@pubky/server-kit'
import { quotaSetting } from './relay/quota-setting.ts'

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
  publicIp: optionalText({
    env: 'DHT_PUBLIC_IP',
    doc: 'IPv4 address by which others reach the DHT node on mainnet; its id is bound to it, so that they trust it',
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
    doc: 'Memory for packets and for the index of those on disk, in bytes',
  }),
  cachePackets: integerSetting({
    env: 'CACHE_PACKETS',
    default: 1_000_000,
    min: 1,
    doc: 'Packets held on disk',
  }),
  requestQuota: quotaSetting({
    env: 'REQUEST_QUOTA',
    doc: 'HTTP requests of one address, as 2r/s, 100r/m, 500r/h or 1000r/d, with *5 for five times as many at once; when empty 1000r/s*5 on the local network, else 20r/s*5',
  }),
  lookupQuota: quotaSetting({
    env: 'LOOKUP_QUOTA',
    doc: 'Those of them that reach the DHT; when empty 1000r/s*5 on the local network, else 10r/s*5',
  }),
  behindProxy: choice({
    env: 'BEHIND_PROXY',
    default: 'no',
    of: ['no', 'yes'],
    doc: 'Whether the address of a client is read from the headers of a proxy',
  }),
  dnsPort: integerSetting({
    env: 'DNS_PORT',
    default: 5300,
    max: 65_535,
    doc: 'UDP and TCP port of the DNS server; 0 takes a free one',
  }),
  dohPort: integerSetting({
    env: 'DOH_PORT',
    default: 5380,
    max: 65_535,
    doc: 'HTTP port of DNS over HTTPS; 0 takes a free one',
  }),
  forward: list({
    env: 'DNS_FORWARD',
    default: [],
    doc: 'Resolvers for ICANN names, host or host:port; when empty 8.8.8.8 on mainnet, and none on the local network, where such names are refused',
  }),
  topLevelDomain: text({
    env: 'DNS_TOP_LEVEL_DOMAIN',
    default: 'key',
    doc: 'Names <key>.<this> mean <key>; empty for none',
  }),
  dnsMinimumTtl: integerSetting({
    env: 'DNS_MINIMUM_TTL',
    default: 60,
    doc: 'Shortest time the DNS server keeps a packet or the absence of one, in seconds',
  }),
  dnsMaximumTtl: integerSetting({
    env: 'DNS_MAXIMUM_TTL',
    default: 86_400,
    doc: 'Longest time the DNS server keeps a packet, in seconds',
  }),
  staleSeconds: integerSetting({
    env: 'DNS_STALE',
    default: 604_800,
    doc: 'How old a packet may be that is shown, marked, when the DHT gives no newer one, in seconds',
  }),
  dnsCacheBytes: integerSetting({
    env: 'DNS_CACHE_BYTES',
    default: 64 << 20,
    min: 1 << 16,
    doc: 'DNS answers held in memory, in bytes',
  }),
  recursionDepth: integerSetting({
    env: 'DNS_RECURSION_DEPTH',
    default: 15,
    min: 1,
    max: 50,
    doc: 'Aliases followed for one question; 1 follows none',
  }),
  queriesPerSecond: integerSetting({
    env: 'DNS_QUERIES_PER_SECOND',
    default: 100,
    doc: 'DNS questions of one network per second, twice as many at once; 0 is no limit, as on the local network always',
  }),
  dnsLookupsPerSecond: integerSetting({
    env: 'DNS_LOOKUPS_PER_SECOND',
    default: 5,
    doc: 'Those of them that reach the DHT, five times as many at once; 0 is no limit, as on the local network always',
  }),
  surplusBytesPerSecond: integerSetting({
    env: 'DNS_SURPLUS_BYTES_PER_SECOND',
    default: 65_536,
    doc: 'Bytes sent to one network over UDP beyond three times its questions, after which answers are cut and TCP must be used; 0 is no limit',
  }),
  refuseAny: choice({
    env: 'DNS_REFUSE_ANY',
    default: 'no',
    of: ['no', 'yes'],
    doc: 'Whether questions of type ANY are refused over UDP',
  }),
}

/** Open HTTP connections of each port, and the time that a request may take to arrive. */
export const MAX_CONNECTIONS = 5000
export const REQUEST_TIMEOUT_MS = 15_000

/** Configuration of `startPkdns`; times in seconds, sizes in bytes. */
export type PkdnsConfig = Config<typeof pkdnsSettings>

/** The defaults of all settings but the folder. */
export const PKDNS_DEFAULTS: Omit<PkdnsConfig, 'dataDir'> = loadConfig(pkdnsSettings, { env: {} })
