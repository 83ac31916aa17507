import { type PostKey, postUri } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import { postLinks } from '../../objects/edges.ts'
import type { PostDoc } from '../../objects/object-doc.ts'
import { DELETED_TEXT } from '../../objects/read-doc.ts'
import { type Interactor, told } from './interactors.ts'
import type { ChangeSource, Notice } from './notice.ts'

export interface PostContext {
  key: PostKey
  /** Kind of a live post, `unknown` for others. */
  kindOf(key: PostKey): string
  /** Those who refer to the post. */
  interactors(): Iterable<Interactor>
}

/** For the author of the parent, the author of the reposted post, and everybody who is named. */
export function noticesOfNewPost(c: PostContext, doc: PostDoc): Notice[] {
  const { author: actor } = c.key
  const uri = postUri(c.key)
  const { parent, repost } = postLinks(doc)
  const notices: Notice[] = []
  if (parent)
    notices.push({
      recipient: parent.author,
      actor,
      body: {
        type: 'reply',
        replied_by: actor,
        parent_post_uri: postUri(parent),
        reply_uri: uri,
        post_kind: c.kindOf(parent),
      },
    })
  if (repost)
    notices.push({
      recipient: repost.author,
      actor,
      body: {
        type: 'repost',
        reposted_by: actor,
        embed_uri: postUri(repost),
        repost_uri: uri,
        post_kind: c.kindOf(repost),
      },
    })
  for (const recipient of doc.mentions)
    notices.push({
      recipient,
      actor,
      body: { type: 'mention', mentioned_by: actor, post_uri: uri, post_kind: doc.kind },
    })
  return notices
}

/** Edits of text, attachments, or to and from a collection are told; other edits are silent. */
export function noticesOfEdit(c: PostContext, before: PostDoc, after: PostDoc): Notice[] {
  // Of a body that was erased only its hash is known, and that has changed.
  const isTold =
    after.content === DELETED_TEXT ||
    before.content !== after.content ||
    !sameList(before.attachments, after.attachments) ||
    (before.kind === 'collection') !== (after.kind === 'collection')
  if (!isTold) return []
  const { parent } = postLinks(after)
  const edited = (source: ChangeSource, recipient: PublicKeyZ32, linked: string): Notice => ({
    recipient,
    actor: c.key.author,
    body: {
      type: 'post_edited',
      edit_source: source,
      edited_by: c.key.author,
      edited_uri: postUri(c.key),
      linked_uri: linked,
      post_kind: after.kind,
    },
  })
  const notices = told(c.interactors()).map(({ source, who, uri }) => edited(source, who, uri))
  if (parent) notices.push(edited('reply', parent.author, postUri(parent)))
  return notices
}

/** When nobody else refers to the post, it is gone altogether, and the reposted author is told too. */
export function noticesOfDeletion(c: PostContext, before: PostDoc): Notice[] {
  const { parent, repost } = postLinks(before)
  const deleted = (source: ChangeSource, recipient: PublicKeyZ32, linked: string): Notice => ({
    recipient,
    actor: c.key.author,
    body: {
      type: 'post_deleted',
      delete_source: source,
      deleted_by: c.key.author,
      deleted_uri: postUri(c.key),
      linked_uri: linked,
      post_kind: before.kind,
    },
  })
  const notices = told(c.interactors()).map(({ source, who, uri }) => deleted(source, who, uri))
  const isGone = notices.length === 0
  if (parent) notices.push(deleted('reply', parent.author, postUri(parent)))
  if (repost && isGone) notices.push(deleted('repost', repost.author, postUri(repost)))
  return notices
}

function sameList(a: readonly string[] | null, b: readonly string[] | null): boolean {
  const x = a ?? []
  const y = b ?? []
  return x.length === y.length && x.every((item, index) => item === y[index])
}
