import type { Notice } from '../../state/queries/notifications.ts'

/** Notifications of one kind about one thing on one day, told in one line. */
export interface NoticeGroup {
  id: string
  type: string
  /** Newest first, each once. */
  actors: string[]
  atMs: number
  label: string | null
  /** Address of the post it leads to. */
  post: string | null
}

const ACTORS = [
  'followed_by',
  'tagged_by',
  'untagged_by',
  'replied_by',
  'reposted_by',
  'mentioned_by',
  'deleted_by',
  'edited_by',
]
/** Where a notification leads, the first that is there. */
const POSTS = ['reply_uri', 'repost_uri', 'linked_uri', 'edited_uri', 'post_uri']
/** What makes two notifications be about the same thing. */
const SUBJECTS = ['post_uri', 'parent_post_uri', 'embed_uri', 'linked_uri']
const DAY_MS = 86_400_000
/** Each of these is worth a line of its own. */
const ALONE = new Set(['reply', 'mention'])

function text(notice: Notice, names: readonly string[]): string | null {
  for (const name of names) {
    const value = notice.body[name]
    if (typeof value === 'string') return value
  }
  return null
}

/** Kinds that are shown; others are of later versions or of no interest. */
export const SHOWN_TYPES = [
  'follow',
  'new_friend',
  'tag_post',
  'tag_profile',
  'reply',
  'repost',
  'mention',
  'post_deleted',
  'post_edited',
] as const
export type ShownType = (typeof SHOWN_TYPES)[number]

function isShown(type: string): type is ShownType {
  return SHOWN_TYPES.some((one) => one === type)
}

/** Puts together what belongs together; order and time are those of the newest in a group. */
export function groupNotices(notices: readonly Notice[]): (NoticeGroup & { type: ShownType })[] {
  const groups = new Map<string, NoticeGroup & { type: ShownType }>()
  for (const notice of notices) {
    const { type } = notice.body
    const actor = text(notice, ACTORS)
    if (!isShown(type) || actor === null) continue
    const label = text(notice, ['tag_label'])
    const day = Math.floor(notice.timestamp / DAY_MS)
    const subject = text(notice, SUBJECTS) ?? ''
    const alone = ALONE.has(type) ? `${notice.timestamp} ${actor}` : ''
    const id = [type, day, subject, label ?? '', alone].join(' ')
    const group = groups.get(id)
    if (!group) {
      const post = text(notice, POSTS)
      groups.set(id, { id, type, actors: [actor], atMs: notice.timestamp, label, post })
    } else if (!group.actors.includes(actor)) group.actors.push(actor)
  }
  return [...groups.values()]
}
