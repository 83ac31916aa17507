export { type HttpRelayConfig, httpRelaySettings } from './config.ts'
export { HTTP_RELAY_ERRORS, type HttpRelayErrorCode } from './errors.ts'
export { type HttpRelayDeps, startHttpRelay } from './start.ts'
