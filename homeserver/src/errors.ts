import { ServiceError } from '@pubky/server-kit'

/**
 * Every refusal of the homeserver. Texts are those of spec/homeserver.md where it fixes one; the code
 * travels in the header `pubky-error`.
 */
export const refusals = {
  notFound: () => new ServiceError(404, 'not_found', 'Not Found'),
  directoryNotFound: () => new ServiceError(404, 'directory_not_found', 'Directory Not Found'),
  rangeNotSatisfiable: (size: number) =>
    new ServiceError(416, 'range_not_satisfiable', 'Range Not Satisfiable', {
      headers: { 'content-range': `bytes */${size}` },
    }),
  methodNotAllowed: () => new ServiceError(405, 'method_not_allowed', 'Method Not Allowed'),
  missingTenant: () => new ServiceError(400, 'missing_tenant', 'Missing request tenant'),
  missingOwnerOrPath: () => bad('missing_owner', 'Missing storage owner or path'),
  invalidOwner: () => bad('invalid_owner', 'Invalid storage owner public key'),
  missingPath: () => bad('missing_path', 'Missing storage path'),
  pathNotUtf8: () => bad('invalid_path', 'Storage path is not valid UTF-8'),
  invalidStoragePath: (reason: string) => bad('invalid_path', `Invalid storage path: ${reason}`),
  invalidUrl: (reason: string) => bad('invalid_path', `Invalid URL: ${reason}`),
  mustBeFile: () => bad('not_a_file', 'Target path must be a file'),
  invalidCursor: () => bad('invalid_cursor', 'Invalid cursor'),
  invalidBoolean: () => bad('invalid_boolean', 'Invalid boolean parameter'),
  streamBroken: () => bad('stream_broken', 'Stream broken'),
  query: (code: string, text: string) => bad(code, text),

  noSession: () => new ServiceError(401, 'no_session', 'No authenticated session found'),
  unauthorized: () => new ServiceError(401, 'unauthorized', 'Unauthorized'),
  privateNeedsSession: () =>
    new ServiceError(401, 'no_session', 'Authentication required to read private storage'),
  otherTenant: () => forbidden('other_tenant', 'Session user does not match target tenant'),
  noReadAccess: () => forbidden('no_access', 'Session does not have read access to path'),
  noWriteAccess: () => forbidden('no_access', 'Session does not have write access to path'),
  readElsewhere: () =>
    forbidden(
      'outside_roots',
      "Reading from directories other than '/pub/' and '/priv/' is forbidden",
    ),
  writeElsewhere: () =>
    forbidden(
      'outside_roots',
      "Writing to directories other than '/pub/' and '/priv/' is forbidden",
    ),
  userDisabled: () => forbidden('user_disabled', 'User is disabled'),
  rootRequired: () => forbidden('root_required', 'Root capability required'),
  onlyOneUser: () => forbidden('one_user', 'A private read must be scoped to exactly one user'),
  notYourGrant: () => forbidden('other_user', 'Grant does not belong to authenticated user'),
  streamsUnavailable: () =>
    new ServiceError(
      503,
      'streams_unavailable',
      'Private event streams are temporarily unavailable',
    ),

  tooManyStreams: () =>
    new ServiceError(429, 'too_many_streams', 'Too many event streams of one address'),
  noStreamsLeft: () => new ServiceError(503, 'no_streams_left', 'Too many event streams'),

  userExists: () => new ServiceError(409, 'user_exists', 'User already exists'),
  collision: () => new ServiceError(409, 'path_collision', 'File/folder path collision'),
  exists: () => new ServiceError(412, 'already_exists', 'Precondition failed: the file exists'),
  tokenRequired: () => bad('token_required', 'Token required'),
  tokenInvalid: () => new ServiceError(401, 'token_invalid', 'Invalid token'),
  tokenUsed: () => new ServiceError(401, 'token_used', 'Token already used'),
  tokenFormat: () => bad('token_format', 'Invalid signup token format: Invalid signup code id'),
  tokensNotRequired: () => bad('tokens_not_required', 'Signup tokens not required'),
  tokenNotFound: () => new ServiceError(404, 'token_not_found', 'Token not found'),
  authToken: (code: string, text: string) => bad(code, text),
  authTokenUsed: () => bad('auth_token_used', 'AuthToken already used'),
  bodyTooLarge: () => new ServiceError(413, 'body_too_large', 'Payload Too Large'),

  jsonType: () =>
    new ServiceError(
      415,
      'json_expected',
      'Expected request with `Content-Type: application/json`',
    ),
  jsonSyntax: () => bad('json_syntax', 'Failed to parse the request body as JSON'),
  jsonShape: () =>
    new ServiceError(422, 'json_shape', 'Failed to deserialize the JSON body into the target type'),
  grant: (status: 400 | 401, code: string, text: string) =>
    new ServiceError(status, code, `Invalid grant: ${text}`),
  grantRevoked: () => new ServiceError(401, 'grant_revoked', 'Grant has been revoked'),
  tooManyGrants: () =>
    new ServiceError(429, 'too_many_grants', 'Too many grants of this account have not ended'),
  pop: (text: string) => new ServiceError(401, 'invalid_pop', `Invalid PoP proof: ${text}`),
  nonceUsed: () => new ServiceError(401, 'nonce_used', 'PoP nonce already used'),
  signupClient: () => bad('signup_client', 'signup grants must use client_id pubky.signup'),
  signupIat: () => bad('signup_iat', 'signup grant iat is too far in the future'),
  signupLifetime: () => bad('signup_lifetime', 'signup grant lifetime exceeds 5 minutes'),
  grantId: () => bad('invalid_grant_id', 'Invalid grant ID format'),

  proofMalformed: (text: string) => bad('malformed_proof', `Malformed proof: ${text}`),
  proofRefused: (code: string, text: string) => forbidden(code, text),
  noMatch: () => new ServiceError(412, 'no_match', 'Precondition failed: another body is stored'),
  keyObject: (text: string) => bad('invalid_key_object', `Not an object about keys: ${text}`),
  keyObjectPermanent: () =>
    forbidden('key_object_permanent', 'Objects about keys are never withdrawn'),
  ownerSignature: () =>
    forbidden('owner_signature_required', 'Only the owner key itself writes this'),
  proofRevoked: () => forbidden('proof_key_revoked', 'The key of the signature was revoked'),
  proofRequired: () => forbidden('signature_required', 'This path takes signed objects only'),
  proofNotFresh: (serverMicros: bigint) =>
    new ServiceError(
      403,
      'signature_not_fresh',
      JSON.stringify({ server_time: Number(serverMicros) }),
      {
        headers: { 'content-type': 'application/json' },
      },
    ),
  proofOld: (highest: bigint) =>
    new ServiceError(409, 'signature_not_newer', JSON.stringify({ timestamp: Number(highest) }), {
      headers: { 'content-type': 'application/json' },
    }),

  overloaded: () =>
    new ServiceError(503, 'overloaded', 'Too many writes are waiting', { logLevel: 'warn' }),
  outcomeUnknown: () =>
    new ServiceError(503, 'outcome_unknown', 'The database went away; the outcome is unknown'),
  databaseAway: (cause: unknown) =>
    new ServiceError(503, 'database_unavailable', 'The database cannot be reached', { cause }),
  blobStoreAway: (cause: unknown) =>
    new ServiceError(503, 'blob_store_unavailable', 'The blob store cannot be reached', { cause }),

  quotaExceeded: () =>
    new ServiceError(507, 'quota_exceeded', 'Disk space quota exceeded', { logLevel: 'debug' }),
  writePath: () => forbidden('write_path', 'Write to this path is not allowed'),
  rateKey: () => bad('rate_key', 'Failed to extract key for rate limiting'),
  quotaInvalid: (problem: string) =>
    new ServiceError(422, 'invalid_quota', `Invalid quota: ${problem}`),

  adminMissing: () => new ServiceError(401, 'admin_password', 'Missing admin password'),
  adminWrong: () => new ServiceError(401, 'admin_password', 'Invalid admin password'),
  davUnauthorized: () =>
    new ServiceError(401, 'admin_password', 'Unauthorized', {
      headers: { 'www-authenticate': 'Basic realm="admin"' },
    }),
  davElsewhere: () => forbidden('other_site', 'Pages of other sites may not use WebDAV'),
  davDestination: () => bad('destination', 'Destination must be below /dav/'),
  davTooMany: () => forbidden('too_many_files', 'Too many files for one request'),
  davRefused: (reason: string) =>
    new ServiceError(500, reason, `The write was refused: ${reason}`, { logLevel: 'warn' }),
  tooManyRequests: (seconds: number) =>
    new ServiceError(429, 'rate_limited', 'Rate limit exceeded', {
      headers: { 'retry-after': String(seconds) },
    }),
}

function bad(code: string, text: string): ServiceError {
  return new ServiceError(400, code, text)
}

function forbidden(code: string, text: string): ServiceError {
  return new ServiceError(403, code, text)
}
