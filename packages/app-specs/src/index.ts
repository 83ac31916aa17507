export * from './build.ts'
export { parseCollection } from './collection.ts'
export { SPECS_ERRORS, SpecsError, type SpecsErrorCode } from './errors.ts'
export { feedIdInput } from './feed.ts'
export { FILE_TYPES } from './file.ts'
export {
  checkTimestampId,
  createIdClock,
  hashId,
  hashIdOfHash,
  idMicros,
  isTimestampId,
  timestampId,
} from './ids.ts'
export { DELETED, FIRST_ID_MICROS, ID_FUTURE_MICROS, LIMITS } from './limits.ts'
export { mentionsIn } from './mentions.ts'
export { type AppObject, parseObject } from './parse.ts'
export * from './paths.ts'
export { toPostKind } from './post.ts'
export { parsePostKey, postKeyText } from './post-key.ts'
export { parseSettings } from './settings.ts'
export { parseLabel, sanitizeLabel } from './tag.ts'
export { parseUrl, sanitizeUrl, scalarLength, trim } from './text.ts'
export * from './types.ts'
export { type AppUri, classifyTarget, parseAppUri, postOfUri, type Target } from './uris.ts'
