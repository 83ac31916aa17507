// Objects of the indexer (spec/nexus.md 1.3), with what its tRPC face adds.

export interface TagDetails {
  label: string
  taggers: string[]
  taggers_count: number
  relationship: boolean
}

export interface UserDetails {
  name: string
  bio: string | null
  id: string
  links: { title: string; url: string }[] | null
  status: string | null
  image: string | null
  indexed_at: number
}

export interface UserCounts {
  tagged: number
  tags: number
  unique_tags: number
  posts: number
  replies: number
  following: number
  followers: number
  friends: number
  bookmarks: number
}

export interface Relationship {
  following: boolean
  followed_by: boolean
}

export type ProofState = 'signed' | 'unsigned' | 'stripped' | 'revoked'

export interface UserView {
  details: UserDetails
  counts: UserCounts
  tags: TagDetails[]
  relationship: Relationship
  proof?: ProofState
}

export interface PostDetails {
  content: string
  id: string
  indexed_at: number
  author: string
  kind: string
  uri: string
  attachments: string[] | null
  lock?: string | null
}

export interface PostCounts {
  tags: number
  unique_tags: number
  replies: number
  reposts: number
}

export interface PostView {
  details: PostDetails
  counts: PostCounts
  tags: TagDetails[]
  relationships: { replied: string | null; reposted: string | null; mentioned: string[] }
  bookmark: { id: string; indexed_at: number } | null
  proof?: ProofState
  deleted?: boolean
}

export interface FileDetails {
  id: string
  uri: string
  owner_id: string
  name: string
  size: number
  content_type: string
  src: string
  /** JSON text. */
  urls: string
}

export interface HotTag {
  label: string
  taggers_id: string[]
  tagged_count: number
  taggers_count: number
}

/** `author:id`. */
export type PostKeyText = string

export function keyOfPost(view: PostView): PostKeyText {
  return `${view.details.author}:${view.details.id}`
}

const POST_URI = /^pubky:\/\/([a-z0-9]{52})\/pub\/pubky\.app\/posts\/([0-9A-Za-z]{13})$/
const FILE_URI = /^pubky:\/\/([a-z0-9]{52})\/pub\/pubky\.app\/files\/([0-9A-Za-z]{13})$/
const KEY_TEXT = /^[a-z0-9]{52}$/

/** The key of the post that an address names, or null. */
export function keyOfUri(uri: string | null | undefined): PostKeyText | null {
  const [, author, id] = (uri && POST_URI.exec(uri)) || []
  return author && id ? `${author}:${id}` : null
}

export function uriOfKey(key: PostKeyText): string {
  const [author, id] = splitKey(key)
  return `pubky://${author}/pub/pubky.app/posts/${id}`
}

export function splitKey(key: PostKeyText): [author: string, id: string] {
  return [key.slice(0, 52), key.slice(53)]
}

/** By its shape only; whether it is a point of the curve is checked where it matters. */
export function looksLikeUser(text: string): boolean {
  return KEY_TEXT.test(text)
}

/** Where the indexer serves an upload: `small` for thumbnails, `feed` in cards, `main` full size. */
export function fileAddress(
  nexus: string,
  uri: string,
  variant: 'small' | 'feed' | 'main',
): string | null {
  const [, owner, id] = FILE_URI.exec(uri) ?? []
  return owner && id ? `${nexus}/static/files/${owner}/${id}/${variant}` : null
}

/** `8pin…5ewo`, for people to compare at a glance. */
export function shortKey(user: string): string {
  return `${user.slice(0, 4)}…${user.slice(-4)}`
}
