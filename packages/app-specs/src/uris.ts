import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { toHex, utf8 } from '@pubky/protocol/bytes'
import { blake3Sync } from '@pubky/protocol/hash'
import { SpecsError } from './errors.ts'
import { isTimestampId } from './ids.ts'
import { classifyPath, MAIN_APP, type ObjectRef, postUri, profileUri } from './paths.ts'
import { parseUrl } from './text.ts'
import type { PostKey } from './types.ts'
import { parseUserId } from './user-id.ts'

/** A parsed `pubky://` address; `ref` is null for places the data model does not know (5.2). */
export interface AppUri {
  owner: PublicKeyZ32
  ref: ObjectRef | null
}

function bad(message: string): never {
  throw new SpecsError('invalid_uri', null, message)
}

function ownerAndSegments(text: string): { owner: PublicKeyZ32; segments: string[] } {
  const url = parseUrl(text)
  if (!url) return bad(`Invalid URL: ${text}`)
  if (url.protocol !== 'pubky:') return bad(`Invalid URI, must start with 'pubky://': ${text}`)
  if (!url.hostname) return bad(`Missing user ID in URI: ${text}`)
  const owner = parseUserId(url.hostname, null)
  if (!url.pathname.startsWith('/')) return bad(`Cannot parse path segments from URI: ${text}`)
  return { owner, segments: url.pathname.slice(1).split('/') }
}

/** Reads an address below `/pub/pubky.app/`. Ids are not checked, except that follows name a key. */
export function parseAppUri(text: string): AppUri {
  const { owner, segments } = ownerAndSegments(text)
  const [root, app, folder, id] = segments
  if (segments.length < 2) return bad(`Not enough path segments in URI: ${text}`)
  if (root !== 'pub') return bad(`Expected public path 'pub' but got '${root}' in URI: ${text}`)
  if (app !== MAIN_APP)
    return bad(`Expected app path 'pubky.app/' but got '${app}' in URI: ${text}`)
  // Segments after the id have no meaning here, unlike in a path.
  const rest = [folder, id].filter((segment) => segment !== undefined)
  const known = classifyPath(`/pub/${MAIN_APP}/${rest.join('/')}`)
  const ref = known?.kind === 'settings' ? null : known
  if (ref && (ref.kind === 'follow' || ref.kind === 'mute')) parseUserId(ref.target, null)
  return { owner, ref }
}

/** The post that an address names, or null when it names something else. */
export function postOfUri(text: string): PostKey | null {
  const target = classifyTarget(text)
  return target?.kind === 'post' ? target.key : null
}

/** What a tag or bookmark points at (5.3). */
export type Target =
  | { kind: 'post'; key: PostKey; uri: string }
  | { kind: 'profile'; user: PublicKeyZ32; uri: string }
  | { kind: 'resource'; id: string; uri: string }

function internalTarget(text: string): Target | null {
  try {
    const { owner, ref } = parseAppUri(text)
    if (ref?.kind === 'profile') return { kind: 'profile', user: owner, uri: profileUri(owner) }
    if (ref?.kind !== 'post' || !isTimestampId(ref.id)) return null
    const key = { author: owner, id: ref.id }
    return { kind: 'post', key, uri: postUri(key) }
  } catch (error) {
    if (error instanceof SpecsError) return null
    throw error
  }
}

function normalizeResource(text: string): string | null {
  const url = parseUrl(text)
  if (!url) {
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]
    return scheme ? scheme.toLowerCase() + text.slice(scheme.length) : null
  }
  url.username = ''
  url.password = ''
  url.hash = ''
  return url.href
}

/** Classifies the target of a tag; null when it is no address at all. */
export function classifyTarget(text: string): Target | null {
  const internal = internalTarget(text)
  if (internal) return internal
  const uri = normalizeResource(text)
  if (uri === null) return null
  return { kind: 'resource', uri, id: toHex(blake3Sync(utf8(uri)).subarray(0, 16)) }
}
