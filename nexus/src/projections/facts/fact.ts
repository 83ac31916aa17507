import { type Label, type PostKey, parsePostKey, postKeyText } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { edgeOfDoc, postLinks } from '../../objects/edges.ts'
import type { ObjectState } from '../../objects/fold.ts'
import type { ObjectDoc } from '../../objects/object-doc.ts'

export type FactKind = 'profile' | 'post' | 'follow' | 'tag' | 'bookmark'

/** What a live object says, as far as graph and search care. */
export interface Fact {
  kind: FactKind
  /** A person or 'author:id'. */
  target: string
  label: string
  atMs: number
  /** Everything else that a projection uses of it. */
  fact: object
}

/** An edge between two people or a person and a post. */
export interface EdgeName {
  owner: PublicKeyZ32
  kind: 'follow' | 'tag' | 'bookmark'
  target: string
  label: string
}

/** The edge a document asserts; tags on resources are no part of graph and search. */
export function edgeNameOf(owner: PublicKeyZ32, doc: ObjectDoc): EdgeName | null {
  const edge = edgeOfDoc(owner, doc)
  if (!edge || edge.kind === 'mute' || edge.targetKind === 'resource') return null
  return { owner, kind: edge.kind, target: edge.target, label: edge.label }
}

export function nameOfEdge({ owner, kind, target, label }: EdgeName): string {
  return [owner, kind, target, label].join('\n')
}

/** Null when the object is not live or says nothing of interest. Only search needs the text. */
export function factOf(state: ObjectState | null, o: { text: boolean }): Fact | null {
  if (!state || state.deleted || !state.doc) return null
  const { owner, doc, indexedAt: atMs } = state
  if (doc.kind === 'profile') {
    const { name, bio } = doc.value
    return { kind: 'profile', target: owner, label: '', atMs, fact: o.text ? { name, bio } : {} }
  }
  if (doc.kind === 'post') {
    const { parent, repost } = postLinks(doc.value)
    const { kind, content, mentions } = doc.value
    const fact = {
      kind,
      ...(o.text ? { content } : {}),
      mentions,
      parent: parent && postKeyText(parent),
      repost: repost && postKeyText(repost),
    }
    return { kind: 'post', target: `${owner}:${doc.id}`, label: '', atMs, fact }
  }
  const edge = edgeNameOf(owner, doc)
  return edge && { kind: edge.kind, target: edge.target, label: edge.label, atMs, fact: {} }
}

/** A person, or a post: the two never look alike. */
export function targetOf(text: string): PublicKeyZ32 | PostKey {
  return text.includes(':') ? parsePostKey(text) : (text as PublicKeyZ32)
}

export function labelOf(text: string): Label {
  return text as Label
}
