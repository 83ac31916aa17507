export { PKDNS_DEFAULTS, type PkdnsConfig, pkdnsSettings } from './config.ts'
export { RELAY_ERRORS, type RelayErrorCode } from './errors.ts'
export { type PkdnsDeps, startPkdns } from './start.ts'
