import {
  type AppObject,
  classifyPath,
  hashIdOfHash,
  type Label,
  mentionsIn,
  parseObject,
  toPostKind,
} from '@pubky/app-specs'
import type { ObjectEntry, ObjectRefs } from '@pubky/indexer'
import { isPublicKey, type Micros, type PublicKeyZ32, ruleAt } from '@pubky/protocol'
import { readKeyRule } from './key-rules.ts'
import { kindOfPath } from './kind-of-path.ts'
import type { ObjectDoc, PostDoc } from './object-doc.ts'
import { storable } from './storable.ts'

/** Text of a post whose body is gone (spec/nexus.md 2.9). */
export const DELETED_TEXT = '[DELETED]'

/**
 * The content of a PUT, or null when it does not count: refused, superseded, or no valid object.
 * Reads no clock, so that a replay sees the same.
 */
export function readDoc(entry: ObjectEntry): ObjectDoc | null {
  if (entry.kind !== 'PUT' || entry.status !== 'ok' || !entry.body) return null
  const kind = kindOfPath(entry.path)
  if (kind === null) return null
  try {
    // These count without their bytes, which may have been erased.
    if (kind === 'proofs') return { kind }
    if (kind === 'key') return keyDoc(entry)
    if (kind === 'blob') return entry.body.at !== 'row' && hasHashId(entry) ? { kind } : null
    if (entry.body.at === 'blob') return null
    if (entry.body.at === 'erased') return storable(docOfRefs(entry, entry.body.refs))
    const now = (BigInt(entry.receivedAtMs) * 1000n) as Micros
    return storable(docOfObject(parseObject(entry.path, entry.body.bytes, now)))
  } catch {
    // Whatever a stranger's bytes do to a parser, they are no valid object.
    return null
  }
}

/** What is said at the path of a rule and is none takes no rule back. */
function keyDoc({ path, body }: ObjectEntry): ObjectDoc | null {
  if (ruleAt(path) === null) return { kind: 'key', rule: null }
  const rule = body?.at === 'row' ? storable(readKeyRule(path, body.bytes)) : null
  return rule && { kind: 'key', rule }
}

function hasHashId({ path, hash }: ObjectEntry): boolean {
  const ref = classifyPath(path)
  return ref?.kind === 'blob' && hash !== null && hashIdOfHash(hash) === ref.id
}

function docOfObject(object: AppObject): ObjectDoc | null {
  switch (object.kind) {
    case 'profile':
      return { kind: 'profile', value: object.value }
    case 'post': {
      const mentions = mentionsIn(object.value.content)
      return { kind: 'post', id: object.id, value: { ...object.value, mentions } }
    }
    case 'tag':
      return { kind: 'tag', id: object.id, app: object.app, value: object.value }
    case 'bookmark':
      return { kind: 'bookmark', id: object.id, value: object.value }
    case 'file':
      return { kind: 'file', id: object.id, value: object.value }
    case 'follow':
    case 'mute':
      return { kind: object.kind, target: object.target }
    case 'lastRead':
      return { kind: 'lastRead', at: Math.min(object.value.timestamp, Number.MAX_SAFE_INTEGER) }
    case 'blob':
      return { kind: 'blob' }
    default:
      return null
  }
}

/** What compaction left. The object was deleted later, so that only its references matter. */
function docOfRefs(entry: ObjectEntry, refs: ObjectRefs | null): ObjectDoc | null {
  const ref = classifyPath(entry.path)
  if (!refs || !ref) return null
  switch (ref.kind) {
    case 'post':
      return { kind: 'post', id: ref.id, value: postOfRefs(refs) }
    case 'tag': {
      const value = { uri: refs.target ?? '', label: (refs.label ?? '') as Label, createdAt: 0 }
      return { kind: 'tag', id: ref.id, app: ref.app, value }
    }
    case 'bookmark':
      return { kind: 'bookmark', id: ref.id, value: { uri: refs.target ?? '', createdAt: 0 } }
    case 'follow':
    case 'mute':
      return { kind: ref.kind, target: ref.target as PublicKeyZ32 }
    case 'profile': {
      const value = { name: DELETED_TEXT, bio: null, image: null, links: null, status: null }
      return { kind: 'profile', value }
    }
    case 'file': {
      const value = { name: DELETED_TEXT, createdAt: 0, src: '', contentType: '', size: 0 }
      return { kind: 'file', id: ref.id, value }
    }
    case 'lastRead':
      return { kind: 'lastRead', at: 0 }
    default:
      return null
  }
}

function postOfRefs(refs: ObjectRefs): PostDoc {
  const kind = toPostKind(refs.kind ?? 'short')
  return {
    content: DELETED_TEXT,
    kind,
    parent: refs.parent ?? null,
    embed: refs.embed === undefined ? null : { kind: 'short', uri: refs.embed },
    attachments: null,
    lock: null,
    mentions: (refs.mentions ?? []).filter(isPublicKey),
  }
}

/** What stays of a post when it is deleted: it still answers, reposts and mentions. */
export function withoutText(doc: ObjectDoc): ObjectDoc | null {
  if (doc.kind === 'profile') {
    const value = { name: DELETED_TEXT, bio: null, image: null, links: null, status: null }
    return { kind: 'profile', value }
  }
  if (doc.kind !== 'post') return null
  const { parent, embed, mentions } = doc.value
  const rest = { content: DELETED_TEXT, kind: 'short', attachments: null, lock: null } as const
  return { ...doc, value: { ...rest, parent, embed, mentions } }
}
