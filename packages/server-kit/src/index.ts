export type { BlobMeta, BlobStore, BlobWriter } from './blobs/blob-store.ts'
export {
  BLOB_STORES,
  type BlobStoreKind,
  type BlobStoreSettings,
  openBlobStore,
} from './blobs/choose.ts'
export { createFileBlobStore } from './blobs/files.ts'
export { createMovingBlobStore, moveBlobs } from './blobs/move.ts'
export {
  type Config,
  choice,
  configTable,
  helpText,
  integerSetting,
  list,
  loadConfig,
  optionalText,
  type Schema,
  type Setting,
  sampleConfig,
  text,
} from './config/config.ts'
export {
  BlobMissingError,
  BlobStoreAwayError,
  ExternalIpError,
  type LogLevel,
  OutboundError,
  ServiceError,
  StartError,
} from './errors.ts'
export { createExternalIp, type FindExternalIp } from './external-ip.ts'
export { answerFirst } from './http/answer-first.ts'
export { errorAnswer, textHeaders } from './http/error-answer.ts'
export { networkOf } from './http/network-of.ts'
export { createHttpServer, type HttpServerOptions, listen } from './http/server.ts'
export {
  type BaseDeps,
  type Component,
  createRunning,
  type Running,
  runUntilSignal,
  type StartService,
  startWithTeardown,
  supervise,
  Teardown,
} from './lifecycle.ts'
export { createLogger, type Logger } from './logger.ts'
export { type Counter, createMetrics, type Histogram } from './metrics.ts'
export { createPlaces, type Places } from './places.ts'
export { freePort, isPortFree } from './ports.ts'
export {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from './postgres/embedded.ts'
export { ensureDatabase } from './postgres/ensure-database.ts'
export { createListener, type Listener, type ListenOptions } from './postgres/listen.ts'
export { migrate } from './postgres/migrate.ts'
export { createPool, type PoolOptions, RELAXED, withTransaction } from './postgres/pool.ts'
export {
  createRateLimiter,
  type RateLimiter,
  type RateVerdict,
  type SharedRateLimiter,
} from './rate-limit.ts'
export {
  createSafeFetch,
  isPublicAddress,
  readBounded,
  type SafeFetchOptions,
} from './safe-fetch.ts'
export { shareNext } from './share-next.ts'
export { createTurns, type InTurn } from './turns.ts'
