export { NEXUS_ROLES, type NexusConfig, type NexusRole, nexusSettings } from './config.ts'
export { openGraph, openSearch } from './engines.ts'
export { createProjections, type NexusDeps, type NexusUrls, startNexus } from './start.ts'
