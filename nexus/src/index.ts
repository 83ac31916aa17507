export { NEXUS_ROLES, type NexusConfig, type NexusRole, nexusSettings } from './config.ts'
export { type NexusDeps, type NexusUrls, startNexus } from './start.ts'
