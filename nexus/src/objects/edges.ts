import { classifyTarget, MAIN_APP, type PostKey, postKeyText, postOfUri } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { ObjectState } from './fold.ts'
import type { ObjectDoc } from './object-doc.ts'

/** What a live tag, bookmark, follow or mute says about something else. */
export interface Edge {
  kind: 'tag' | 'bookmark' | 'follow' | 'mute'
  owner: PublicKeyZ32
  /** A post as `author:id`, a person, or the id of a resource. */
  target: string
  targetKind: 'post' | 'person' | 'resource'
  label: string
  /** Only tags on resources are told apart by the app that wrote them (spec/nexus.md 2.9). */
  app: string
  /** Normalised address, for resources. */
  uri: string | null
}

/** The edge that a document asserts; null when it asserts none that counts. */
export function edgeOfDoc(owner: PublicKeyZ32, doc: ObjectDoc | null): Edge | null {
  switch (doc?.kind) {
    case 'follow':
    case 'mute': {
      if (doc.target === owner) return null
      const { kind, target } = doc
      return { kind, owner, target, targetKind: 'person', label: '', app: '', uri: null }
    }
    case 'bookmark': {
      const key = postOfUri(doc.value.uri)
      if (!key) return null
      const target = postKeyText(key)
      return { kind: 'bookmark', owner, target, targetKind: 'post', label: '', app: '', uri: null }
    }
    case 'tag':
      return tagEdge(owner, doc.app, doc.value)
    default:
      return null
  }
}

function tagEdge(
  owner: PublicKeyZ32,
  app: string,
  tag: { uri: string; label: string },
): Edge | null {
  const target = classifyTarget(tag.uri)
  if (!target || tag.label === '') return null
  const base = { kind: 'tag', owner, label: tag.label } as const
  switch (target.kind) {
    case 'post':
      return { ...base, target: postKeyText(target.key), targetKind: 'post', app: '', uri: null }
    case 'profile':
      return { ...base, target: target.user, targetKind: 'person', app: '', uri: null }
    case 'resource':
      if (app === MAIN_APP) return null
      return { ...base, target: target.id, targetKind: 'resource', app, uri: target.uri }
  }
}

/** The edge that is live in this state. */
export function edgeOf(state: ObjectState | null): Edge | null {
  return state && !state.deleted ? edgeOfDoc(state.owner, state.doc) : null
}

/** Names an edge: two objects that say the same have the same name. */
export function edgeKey(e: Pick<Edge, 'kind' | 'owner' | 'target' | 'label' | 'app'>): string {
  return [e.kind, e.owner, e.target, e.label, e.app].join('\n')
}

/** The post that a post answers and the one it reposts or quotes. */
export function postLinks(doc: { parent: string | null; embed: { uri: string } | null }): {
  parent: PostKey | null
  repost: PostKey | null
} {
  return {
    parent: doc.parent === null ? null : postOfUri(doc.parent),
    repost: doc.embed && postOfUri(doc.embed.uri),
  }
}
