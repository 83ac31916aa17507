import { parsePostKey, postUri } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Edge } from '../../objects/edges.ts'
import type { Notice, NoticeBody } from './notice.ts'

/** `followsBack`: the followed person follows, too. */
export function noticeOfFollow(edge: Edge, isNew: boolean, followsBack: boolean): Notice | null {
  const { owner: actor, target } = edge
  const recipient = target as PublicKeyZ32
  if (isNew) {
    const type = followsBack ? 'new_friend' : 'follow'
    return { recipient, actor, body: { type, followed_by: actor } }
  }
  if (!followsBack) return null
  return { recipient, actor, body: { type: 'lost_friend', unfollowed_by: actor } }
}

/** `postKind`: of the tagged post, `unknown` when it is not there. */
export function noticeOfTag(edge: Edge, isNew: boolean, postKind: string): Notice | null {
  const { owner: actor, target, label: tag_label } = edge
  if (edge.targetKind === 'person') {
    const body: NoticeBody = isNew
      ? { type: 'tag_profile', tagged_by: actor, tag_label }
      : { type: 'untag_profile', untagged_by: actor, tag_label }
    return { recipient: target as PublicKeyZ32, actor, body }
  }
  if (edge.targetKind !== 'post') return null
  const key = parsePostKey(target)
  const about = { tag_label, post_uri: postUri(key), post_kind: postKind }
  const body: NoticeBody = isNew
    ? { type: 'tag_post', tagged_by: actor, ...about }
    : { type: 'untag_post', untagged_by: actor, ...about }
  return { recipient: key.author, actor, body }
}
