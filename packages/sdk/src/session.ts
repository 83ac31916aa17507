export { type GrantSessionOptions, openGrantSession } from './grant-session.ts'
export { createHosts, type Host, type Hosts, type Network } from './host.ts'
export type { Session, SessionStorage } from './types.ts'
