import {
  decodePath,
  isPublicKey,
  ProtocolError,
  type PublicKeyZ32,
  parsePublicKeyLenient,
  type StoragePath,
} from '@pubky/protocol'
import { refusals } from './errors.ts'

/** The headers that name a tenant (spec/homeserver.md 1.3). */
export interface TenantHeaders {
  host?: string | undefined
  'pubky-host'?: string | string[] | undefined
}

/** Whom and what a storage request is about. */
export interface StorageTarget {
  owner: PublicKeyZ32
  path: StoragePath
  /** `/storage/<owner>/…` instead of a header that names the owner. */
  byPath: boolean
}

export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf('?')
  return at < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, at), query: target.slice(at + 1) }
}

/** Made for people's eyes; a key that happens to begin so is no longer than any other. */
const PREFIXED = /^pubky.{52}$/

function fromHost(value: string | undefined): PublicKeyZ32 | null {
  if (!value || PREFIXED.test(value)) return null
  try {
    return parsePublicKeyLenient(value)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function fromQuery(query: string): PublicKeyZ32 | null {
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=')
    if (at < 0 || pair.slice(0, at) !== 'pubky-host') continue
    const value = pair.slice(at + 1)
    if (isPublicKey(value)) return value
  }
  return null
}

/** The tenant that headers or query name, or null. */
export function headerTenant(headers: TenantHeaders, query: string): PublicKeyZ32 | null {
  const header = headers['pubky-host']
  const named = fromHost(Array.isArray(header) ? header[0] : header)
  return named ?? fromHost(headers.host) ?? fromQuery(query)
}

const STORAGE = '/storage'

function decode(raw: string, refuse: (reason: string) => Error): StoragePath {
  try {
    return decodePath(raw)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw error.code === 'invalid_utf8' ? refusals.pathNotUtf8() : refuse(error.message)
  }
}

function byPath(raw: string): StorageTarget {
  const rest = raw.slice(STORAGE.length + 1)
  if (rest === '') throw refusals.missingOwnerOrPath()
  const slash = rest.indexOf('/')
  const owner = slash < 0 ? rest : rest.slice(0, slash)
  if (!isPublicKey(owner)) throw refusals.invalidOwner()
  if (slash < 0 || slash === rest.length - 1) throw refusals.missingPath()
  return { owner, path: decode(rest.slice(slash), refusals.invalidStoragePath), byPath: true }
}

/** Whose storage a request is about, whatever is wrong with its path; null when it does not say. */
export function tenantOf(target: string, headers: TenantHeaders): PublicKeyZ32 | null {
  const { path, query } = splitTarget(target)
  if (!path.startsWith(`${STORAGE}/`)) return headerTenant(headers, query)
  const [owner = ''] = path.slice(STORAGE.length + 1).split('/')
  return isPublicKey(owner) ? owner : null
}

/** Reads owner and path from the raw request target; escapes are decoded exactly once. */
export function storageTarget(target: string, headers: TenantHeaders): StorageTarget {
  const { path: raw, query } = splitTarget(target)
  if (raw === STORAGE || raw.startsWith(`${STORAGE}/`))
    return byPath(raw.padEnd(STORAGE.length + 1, '/'))
  const path = decode(raw, refusals.invalidUrl)
  const owner = headerTenant(headers, query)
  if (!owner) throw refusals.missingTenant()
  return { owner, path, byPath: false }
}
