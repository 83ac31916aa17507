import { choice, integerSetting, list, optionalText, text } from '@pubky/server-kit'

export const NEXUS_ROLES = ['watcher', 'projector', 'api'] as const
export type NexusRole = (typeof NEXUS_ROLES)[number]

/** Settings of Nexus; the table in the README is made from it. */
export const nexusSettings = {
  databaseUrl: text({
    env: 'DATABASE_URL',
    default: 'postgres://localhost:5432/pubky_nexus',
    doc: 'PostgreSQL database',
    secret: true,
  }),
  dataDir: text({
    env: 'DATA_DIR',
    default: '.data/nexus',
    doc: 'Folder of blobs and image variants',
  }),
  host: text({ env: 'HOST', default: '127.0.0.1', doc: 'Address to listen at' }),
  port: integerSetting({ env: 'PORT', default: 8080, max: 65_535, doc: 'Port of REST and tRPC' }),
  trustedProxies: list({
    env: 'TRUSTED_PROXIES',
    default: [],
    doc: 'Addresses of reverse proxies whose X-Forwarded-For is believed',
  }),
  pkarrRelays: list({
    env: 'PKARR_RELAYS',
    default: ['http://localhost:15411'],
    doc: 'PKARR relays by which keys are resolved',
  }),
  homeservers: list({
    env: 'HOMESERVERS',
    default: [],
    doc: 'Keys of homeservers to follow from the start',
  }),
  network: choice({
    env: 'NETWORK',
    default: 'local',
    of: ['local', 'mainnet'],
    doc: 'Only on the local network are private addresses connected to',
  }),
  neo4jUri: optionalText({
    env: 'NEO4J_URI',
    doc: 'Neo4j 5.23 or newer for the social graph; tables of the database when empty',
  }),
  neo4jUser: text({ env: 'NEO4J_USER', default: 'neo4j', doc: 'User of Neo4j' }),
  neo4jPassword: optionalText({
    env: 'NEO4J_PASSWORD',
    doc: 'Password of Neo4j; none when empty',
    secret: true,
  }),
  meiliUrl: optionalText({
    env: 'MEILI_URL',
    doc: 'Meilisearch for full text; tables of the database when empty',
  }),
  meiliKey: optionalText({ env: 'MEILI_KEY', doc: 'API key of Meilisearch', secret: true }),
  roles: list({
    env: 'ROLES',
    default: [...NEXUS_ROLES],
    doc: 'What this process does: watcher, projector, api',
  }),
}

export interface NexusConfig {
  databaseUrl: string
  dataDir: string
  host: string
  port: number
  trustedProxies?: string[]
  pkarrRelays: string[]
  homeservers: string[]
  network: 'local' | 'mainnet'
  /** Other engines; the database when absent. */
  neo4jUri?: string | null
  neo4jUser?: string
  neo4jPassword?: string | null
  meiliUrl?: string | null
  meiliKey?: string | null
  roles: string[]
}
