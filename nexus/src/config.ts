import { choice, integerSetting, list, text } from '@pubky/server-kit'

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
  pkarrRelays: string[]
  homeservers: string[]
  network: 'local' | 'mainnet'
  roles: string[]
}
