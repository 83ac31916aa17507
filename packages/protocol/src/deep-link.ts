import type { PublicKeyZ32 } from './brands.ts'
import { fromBase64Url, toBase64Url, utf8 } from './bytes.ts'
import { type Capability, formatCapabilities, parseCapabilities } from './capabilities.ts'
import type { Callbacks } from './deep-link-query.ts'
import { formatQuery, NO_CALLBACKS, parseCallbacks } from './deep-link-query.ts'
import { ProtocolError } from './errors.ts'
import { parsePublicKey } from './keys.ts'

export { type Callbacks, NO_CALLBACKS } from './deep-link-query.ts'

interface Channel {
  capabilities: Capability[]
  /** Base of the relay's channels: an http(s) URL, as it was written. */
  relay: string
  /** The 32 bytes that name and encrypt the channel. */
  secret: Uint8Array
}

interface Home {
  homeserver: PublicKeyZ32
  signupToken: string | null
}

interface Client {
  /** 1 to 253 bytes, usually a domain. */
  clientId: string
  clientKey: PublicKeyZ32
}

/** What a link asks of the key manager (spec/homeserver.md 3.1, spec/satellites.md 4.3). */
export type DeepLinkRequest =
  | ({ intent: 'signin' } & Channel)
  | ({ intent: 'signup' } & Channel & Home)
  | ({ intent: 'signin_grant' } & Channel & Client)
  | ({ intent: 'signup_grant' } & Channel & Home & Client)
  | ({ intent: 'direct_signup' } & Home)
  /** `secretKey` is the identity's own seed: handle the whole link like a private key. */
  | { intent: 'secret_export'; secretKey: Uint8Array }

export type DeepLink = DeepLinkRequest & { callbacks: Callbacks }

const MAX_LINK_CHARACTERS = 8192
const MAX_TOKEN_CHARACTERS = 256
const MAX_CLIENT_ID_BYTES = 253
const SECRET_BYTES = 32
const LINK = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\s]*)\/?(?:\?([^#]*))?(?:#.*)?$/i

const INTENTS = [
  'signin',
  'signup',
  'signin_grant',
  'signup_grant',
  'direct_signup',
  'secret_export',
] as const

function bad(message: string, cause?: unknown): never {
  throw new ProtocolError('invalid_deep_link', message, cause)
}

type Query = URLSearchParams

function required<T>(query: Query, name: string, parse: (text: string) => T): T {
  const text = query.get(name)
  if (text === null) return bad(`Missing query parameter ${name}`)
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    return bad(`Invalid query parameter ${name}: ${cause.message}`, cause)
  }
}

function parseSecret(text: string): Uint8Array {
  const bytes = fromBase64Url(text)
  return bytes.length === SECRET_BYTES ? bytes : bad('not 32 bytes in base64url')
}

function parseRelay(text: string): string {
  if (!URL.canParse(text)) return bad('not an absolute URL')
  const { protocol } = new URL(text)
  return protocol === 'https:' || protocol === 'http:' ? text : bad('not a URL of http or https')
}

function parseClientId(text: string): string {
  const { length } = utf8(text)
  return length >= 1 && length <= MAX_CLIENT_ID_BYTES ? text : bad('not 1 to 253 bytes')
}

function channel(query: Query): Channel {
  return {
    capabilities: required(query, 'caps', parseCapabilities),
    relay: required(query, 'relay', parseRelay),
    secret: required(query, 'secret', parseSecret),
  }
}

function home(query: Query): Home {
  const signupToken = query.get('st')
  if (signupToken !== null && signupToken.length > MAX_TOKEN_CHARACTERS)
    bad('Invalid query parameter st: too long')
  return { homeserver: required(query, 'hs', parsePublicKey), signupToken }
}

function client(query: Query): Client {
  return {
    clientId: required(query, 'cid', parseClientId),
    clientKey: required(query, 'cpk', parsePublicKey),
  }
}

function parseRequest(intent: string, query: Query): DeepLinkRequest {
  switch (intent) {
    case '':
    case 'signin':
      return { intent: 'signin', ...channel(query) }
    case 'signup':
      return { intent, ...channel(query), ...home(query) }
    case 'signin_grant':
      return { intent, ...channel(query), ...client(query) }
    case 'signup_grant':
      return { intent, ...channel(query), ...home(query), ...client(query) }
    case 'direct_signup':
      return { intent, ...home(query) }
    case 'secret_export':
      return { intent, secretKey: required(query, 'secret', parseSecret) }
    default:
      return bad(`Invalid intent. Expected ${INTENTS.join(', ')}`)
  }
}

/**
 * Reads a link with form-encoded or raw values. Unknown parameters, and those of another intent, are
 * ignored; the first of several counts. Throws `invalid_deep_link` with the spec's text.
 */
export function parseDeepLink(text: string): DeepLink {
  const match = text.length > MAX_LINK_CHARACTERS ? null : LINK.exec(text)
  if (!match) return bad('Failed to parse URL')
  const [, scheme = '', intent = '', query = ''] = match
  if (!['pubkyauth', 'pubkyring'].includes(scheme.toLowerCase()))
    bad('Invalid schema. Expected pubkyauth or pubkyring')
  const request = parseRequest(intent, new URLSearchParams(query))
  return { ...request, callbacks: parseCallbacks(query) }
}

type Parameters = [string, string | null][]

function channelParameters({ capabilities, relay, secret }: Channel): Parameters {
  return [
    ['caps', formatCapabilities(capabilities)],
    ['relay', relay],
    ['secret', toBase64Url(secret)],
  ]
}

function homeParameters({ homeserver, signupToken }: Home): Parameters {
  return [
    ['hs', homeserver],
    ['st', signupToken],
  ]
}

function clientParameters({ clientId, clientKey }: Client): Parameters {
  return [
    ['cid', clientId],
    ['cpk', clientKey],
  ]
}

function parameters(link: DeepLinkRequest): Parameters {
  switch (link.intent) {
    case 'signin':
      return channelParameters(link)
    case 'signup':
      return [...channelParameters(link), ...homeParameters(link)]
    case 'signin_grant':
      return [...channelParameters(link), ...clientParameters(link)]
    case 'signup_grant':
      return [...channelParameters(link), ...homeParameters(link), ...clientParameters(link)]
    case 'direct_signup':
      return homeParameters(link)
    case 'secret_export':
      return [['secret', toBase64Url(link.secretKey)]]
  }
}

/** Writes a link with form-encoded values, which every version reads. */
export function formatDeepLink(link: DeepLinkRequest & { callbacks?: Callbacks }): string {
  return `pubkyauth://${link.intent}?${formatQuery(parameters(link), link.callbacks ?? NO_CALLBACKS)}`
}
