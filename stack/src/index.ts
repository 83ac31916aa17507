export { StackError, type StackErrorCode } from './errors.ts'
export {
  DEFAULT_PORTS,
  type LocalNetwork,
  type PortName,
  type Ports,
  type ServiceName,
} from './network.ts'
export { type RunningStack, type StackOptions, type StackUrls, startStack } from './start.ts'
