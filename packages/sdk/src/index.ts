export type {
  ApproveOptions,
  AuthFlow,
  AuthFlowOptions,
  AuthRequest,
} from './auth-types.ts'
export type { Dht, DhtLookup, GetReport, MutableItem, Opt, PutReport } from './dht.ts'
export { originOf } from './endpoint.ts'
export { isOutage, PubkyError, SDK_ERRORS, type SdkErrorCode } from './errors.ts'
export { readEvents } from './events.ts'
export { createHosts, type Host, type Hosts, type Network } from './host.ts'
export { LOCAL_RELAYS, MAINNET_RELAYS } from './networks.ts'
export * from './outbox.ts'
export {
  createPkarrClient,
  type PacketStorage,
  type PkarrClient,
  type PkarrClientOptions,
  type ResolvePolicy,
  type StoredPacket,
} from './pkarr/client.ts'
export { publishHomeserver } from './pkarr/publish.ts'
export { createPubky, type PubkyOptions } from './pubky.ts'
export type {
  Attempt,
  EventsQuery,
  GrantOptions,
  GrantRequest,
  HomeEvent,
  ListOptions,
  ObjectInfo,
  ObjectMeta,
  Pubky,
  PublicStorage,
  PutOptions,
  Session,
  SessionStorage,
  VerifiedObject,
  WriteOptions,
  WriteOutcome,
  WriteRequest,
} from './types.ts'
export { judgeObject, verifyObject } from './verify.ts'
