/** Objects of the read API, named and shaped as in spec/nexus.md 1.3. */

export interface TagDetails {
  label: string
  /** A few of them, the earliest first. */
  taggers: string[]
  taggers_count: number
  /** Whether the viewer is one of them. */
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
  collections: number
  following: number
  followers: number
  friends: number
  bookmarks: number
}

/** From the viewer's side. */
export interface Relationship {
  following: boolean
  followed_by: boolean
}

export type ProofState = 'unsigned' | 'signed' | 'stripped' | 'revoked'

export interface UserView {
  details: UserDetails
  counts: UserCounts
  tags: TagDetails[]
  relationship: Relationship
}

export interface PostDetails {
  content: string
  id: string
  indexed_at: number
  author: string
  kind: string
  uri: string
  attachments: string[] | null
  lock: string | null
}

export interface PostCounts {
  tags: number
  unique_tags: number
  replies: number
  reposts: number
}

export interface PostRelationships {
  replied: string | null
  reposted: string | null
  mentioned: string[]
}

export interface Bookmark {
  id: string
  indexed_at: number
}

export interface PostView {
  details: PostDetails
  counts: PostCounts
  tags: TagDetails[]
  relationships: PostRelationships
  bookmark: Bookmark | null
  attachments_metadata?: FileDetails[]
}

/** What the tRPC face adds, so that REST answers stay exactly those of the reference. */
export interface Proven {
  proof: ProofState
}
export type LiveUserView = UserView & Proven
export type LivePostView = PostView & Proven & { deleted: boolean; edited_at: number | null }

export interface FileDetails {
  id: string
  uri: string
  owner_id: string
  indexed_at: number
  created_at: number
  src: string
  name: string
  size: number
  content_type: string
  /** JSON text: paths below `/static/files/`. */
  urls: string
  metadata: null
}

export interface Notification {
  timestamp: number
  body: { type: string } & Record<string, unknown>
}

export interface HotTag {
  label: string
  taggers_id: string[]
  tagged_count: number
  taggers_count: number
}

export interface Bootstrap {
  users: UserView[]
  posts: PostView[]
  files: FileDetails[]
  ids: {
    stream: string[]
    influencers: string[]
    recommended: string[]
    hot_tags: HotTag[]
  }
  indexed: boolean
  notifications: Notification[]
}

const PROOF_STATES = ['unsigned', 'signed', 'stripped', 'revoked'] as const

export function proofState(verdict: number): ProofState {
  return PROOF_STATES[verdict] ?? 'unsigned'
}

/** `pubky://<author>/pub/pubky.app/posts/<id>` of `author:id`. */
export function uriOfPostKey(key: string): string {
  return `pubky://${key.slice(0, 52)}/pub/pubky.app/posts/${key.slice(53)}`
}

export function plainPost({
  proof: _,
  deleted: __,
  edited_at: ___,
  ...view
}: LivePostView): PostView {
  return view
}

export function plainUser({ proof: _, ...view }: LiveUserView): UserView {
  return view
}
