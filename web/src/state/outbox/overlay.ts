import {
  keyOfPost,
  keyOfUri,
  type PostKeyText,
  type PostView,
  splitKey,
  type TagDetails,
  type UserDetails,
  type UserView,
  uriOfKey,
} from '../views.ts'
import { type Action, type Pending, pendingDetails } from './actions.ts'

const MOST_SAMPLES = 5

/** Adds or takes away the viewer's own tag; does nothing when the server already shows it. */
function overlayTag(tags: readonly TagDetails[], viewer: string, label: string, on: boolean) {
  const found = tags.find((tag) => tag.label === label)
  if ((found?.relationship ?? false) === on) return [...tags]
  if (!found) return [...tags, { label, taggers: [viewer], taggers_count: 1, relationship: true }]
  const others = found.taggers.filter((tagger) => tagger !== viewer)
  const changed: TagDetails = {
    label,
    relationship: on,
    taggers: on ? [viewer, ...others].slice(0, MOST_SAMPLES) : others,
    taggers_count: found.taggers_count + (on ? 1 : -1),
  }
  return tags.map((tag) => (tag === found ? changed : tag)).filter((tag) => tag.taggers_count > 0)
}

function withTag(view: PostView, viewer: string, action: Extract<Action, { type: 'tag' }>) {
  const had = view.tags.find((tag) => tag.label === action.label)?.relationship ?? false
  if (had === action.on) return view
  const tags = overlayTag(view.tags, viewer, action.label, action.on)
  const counts = {
    ...view.counts,
    tags: Math.max(0, view.counts.tags + (action.on ? 1 : -1)),
    unique_tags: Math.max(0, view.counts.unique_tags + tags.length - view.tags.length),
  }
  return { ...view, tags, counts }
}

/** How a post looks that exists only here so far. */
export function postFromAction(action: Extract<Action, { type: 'post' }>): PostView {
  const [author, id] = splitKey(action.key)
  return {
    details: {
      author,
      id,
      content: action.content,
      kind: action.kind,
      uri: uriOfKey(action.key),
      indexed_at: action.atMs,
      attachments: null,
      lock: null,
    },
    counts: { tags: action.tags.length, unique_tags: action.tags.length, replies: 0, reposts: 0 },
    tags: action.tags.map((label) => ({
      label,
      taggers: [author],
      taggers_count: 1,
      relationship: true,
    })),
    relationships: {
      replied: action.parent && uriOfKey(action.parent),
      reposted: action.embed && uriOfKey(action.embed),
      mentioned: [],
    },
    bookmark: null,
    proof: 'signed',
    deleted: false,
    edited_at: null,
  }
}

function apply(view: PostView, viewer: string, key: PostKeyText, pending: Pending): PostView {
  const { action } = pending
  switch (action.type) {
    case 'tag':
      return action.target === key ? withTag(view, viewer, action) : view
    case 'bookmark':
      if (action.key !== key || (view.bookmark !== null) === action.on) return view
      return { ...view, bookmark: action.on ? { id: '', indexed_at: 0 } : null }
    case 'edit':
      if (action.key !== key) return view
      return { ...view, details: { ...view.details, content: action.content } }
    case 'delete':
      return action.key === key ? { ...view, deleted: true } : view
    case 'post': {
      // At least what it was plus one, so that nothing is counted twice once the indexer counts it.
      const replies = Math.max(view.counts.replies, action.parent === key ? action.replies : 0)
      const reposts = Math.max(view.counts.reposts, action.embed === key ? action.reposts : 0)
      if (replies === view.counts.replies && reposts === view.counts.reposts) return view
      return { ...view, counts: { ...view.counts, replies, reposts } }
    }
    default:
      return view
  }
}

/**
 * Lays the person's unconfirmed actions over what the indexer says about a post. Undefined: not known
 * yet; null: the indexer has no such post.
 */
export function overlayPost(
  view: PostView | null | undefined,
  key: PostKeyText,
  viewer: string | null,
  pending: readonly Pending[],
): PostView | null | undefined {
  if (viewer === null || pending.length === 0) return view
  let shown = view
  for (const one of pending) {
    if (one.state === 'failed' && one.action.type !== 'post') continue
    if (!shown && one.action.type === 'post' && one.action.key === key)
      shown = postFromAction(one.action)
    else if (shown) shown = apply(shown, viewer, key, one)
  }
  return shown
}

export function overlayUser(
  view: UserView | null | undefined,
  user: string,
  viewer: string | null,
  pending: readonly Pending[],
): UserView | null | undefined {
  if (viewer === null) return view
  let shown = view
  for (const { action, state } of pending) {
    if (state === 'failed') continue
    if (action.type === 'profile' && user === viewer)
      shown = {
        ...(shown ?? EMPTY_USER),
        details: pendingDetails(user, action.draft, action.image),
      }
    if (!shown) continue
    if (action.type === 'follow') shown = overlayFollow(shown, user, viewer, action)
    if (action.type === 'tag' && action.target === user)
      shown = { ...shown, tags: overlayTag(shown.tags, viewer, action.label, action.on) }
  }
  return shown
}

function overlayFollow(
  view: UserView,
  user: string,
  viewer: string,
  action: Extract<Action, { type: 'follow' }>,
): UserView {
  if (action.user !== user || user === viewer || view.relationship.following === action.on)
    return view
  const step = action.on ? 1 : -1
  return {
    ...view,
    relationship: { ...view.relationship, following: action.on },
    counts: {
      ...view.counts,
      followers: Math.max(0, view.counts.followers + step),
      friends: Math.max(0, view.counts.friends + (view.relationship.followed_by ? step : 0)),
    },
  }
}

export const EMPTY_USER: UserView = {
  details: { id: '', name: '', bio: null, links: null, status: null, image: null, indexed_at: 0 },
  counts: {
    tagged: 0,
    tags: 0,
    unique_tags: 0,
    posts: 0,
    replies: 0,
    collections: 0,
    following: 0,
    followers: 0,
    friends: 0,
    bookmarks: 0,
  },
  tags: [],
  relationship: { following: false, followed_by: false },
  proof: 'signed',
}

/** Which stream a list of posts is; the same words as the indexer's. */
export interface StreamInput {
  source:
    | 'all'
    | 'following'
    | 'friends'
    | 'bookmarks'
    | 'author'
    | 'author_replies'
    | 'post_replies'
  sorting?: 'timeline' | 'total_engagement'
  order?: 'ascending' | 'descending'
  kinds?: string[]
  tags?: string[]
  authorId?: string
  postId?: string
}

function belongs(
  action: Extract<Action, { type: 'post' }>,
  viewer: string,
  s: StreamInput,
): boolean {
  if (s.kinds?.length && !s.kinds.includes(action.kind)) return false
  if (s.tags?.length && !action.tags.some((label) => s.tags?.includes(label))) return false
  switch (s.source) {
    case 'all':
    case 'following':
    case 'friends':
      return action.parent === null && s.sorting !== 'total_engagement'
    case 'author':
      return action.parent === null && s.authorId === viewer
    case 'author_replies':
      return action.parent !== null && s.authorId === viewer
    case 'post_replies':
      return action.parent !== null && action.parent === `${s.authorId}:${s.postId}`
    case 'bookmarks':
      return false
  }
}

/** The keys of a stream with the person's own new posts in it and what they removed left out. */
export function overlayStream(
  keys: readonly PostKeyText[],
  viewer: string | null,
  pending: readonly Pending[],
  stream: StreamInput,
): readonly PostKeyText[] {
  if (viewer === null || pending.length === 0) return keys
  const known = new Set(keys)
  const own: PostKeyText[] = []
  const gone = new Set<PostKeyText>()
  const mutedAuthors = new Set<string>()
  for (const { action, state } of pending) {
    if (action.type === 'post' && !known.has(action.key) && belongs(action, viewer, stream))
      own.push(action.key)
    if (state === 'failed') continue
    if (action.type === 'delete') gone.add(action.key)
    if (action.type === 'mute' && action.on && stream.source !== 'author')
      mutedAuthors.add(action.user)
    if (action.type !== 'bookmark' || stream.source !== 'bookmarks') continue
    if (!action.on) gone.add(action.key)
    else if (!known.has(action.key)) own.push(action.key)
  }
  if (own.length === 0 && gone.size === 0 && mutedAuthors.size === 0) return keys
  const placed = stream.order === 'ascending' ? [...keys, ...own] : [...own.reverse(), ...keys]
  return placed.filter((key) => !gone.has(key) && !mutedAuthors.has(splitKey(key)[0]))
}

/** Addresses are left out: the data model writes them in its own way. */
function isSameProfile(action: Extract<Action, { type: 'profile' }>, seen: UserDetails): boolean {
  const { draft, image } = action
  const titles = (links: UserDetails['links']) => (links ?? []).map(({ title }) => title.trim())
  return (
    seen.name === draft.name.trim() &&
    seen.image === image &&
    (seen.bio ?? '') === (draft.bio ?? '').trim() &&
    (seen.status ?? '') === (draft.status ?? '').trim() &&
    titles(seen.links).join('\n') === titles(draft.links).join('\n')
  )
}

/** True when the indexer's answer already contains the action, so that nothing needs laying over. */
export function isReflected(
  action: Action,
  seen: PostView | UserView | null,
  viewer: string,
): boolean {
  switch (action.type) {
    case 'post':
      return seen !== null
    case 'delete':
      return seen === null || ('deleted' in seen && seen.deleted === true)
    case 'edit':
      return seen !== null && 'content' in seen.details && seen.details.content === action.content
    case 'tag': {
      const tag = seen?.tags.find(({ label }) => label === action.label)
      const own = (tag?.relationship ?? false) || (tag?.taggers.includes(viewer) ?? false)
      return seen !== null && own === action.on
    }
    case 'bookmark':
      return seen !== null && 'bookmark' in seen && (seen.bookmark !== null) === action.on
    case 'follow':
      return seen !== null && 'relationship' in seen && seen.relationship.following === action.on
    case 'profile':
      return seen !== null && 'name' in seen.details && isSameProfile(action, seen.details)
    case 'mute':
    case 'lastRead':
      return true
  }
}

/** What to ask the indexer for to see whether an action has arrived. */
export function subjectToAsk(
  action: Action,
  viewer: string,
): { post: PostKeyText } | { user: string } | null {
  switch (action.type) {
    case 'post':
    case 'edit':
    case 'delete':
    case 'bookmark':
      return { post: action.key }
    case 'tag':
      return action.target.includes(':') ? { post: action.target } : { user: action.target }
    case 'follow':
      return { user: action.user }
    case 'profile':
      return { user: viewer }
    default:
      return null
  }
}

export function repostOf(view: PostView): PostKeyText | null {
  const target = keyOfUri(view.relationships.reposted)
  return target === keyOfPost(view) ? null : target
}
