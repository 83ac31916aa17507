import type { PostKeyText, PostView, UserDetails } from '../views.ts'

/** A file that goes along with a write. */
export interface Upload {
  name: string
  type: string
  bytes: Uint8Array<ArrayBuffer>
}

export interface ProfileDraft {
  name: string
  bio: string | null
  links: { title: string; url: string }[] | null
  status: string | null
  /** Address of the picture that stays; ignored when `picture` is set. */
  image: string | null
  picture: Upload | null
}

/** What a person did, until the indexer shows it. Targets are post keys or user keys. */
export type Action =
  | {
      type: 'post'
      key: PostKeyText
      content: string
      kind: string
      parent: PostKeyText | null
      embed: PostKeyText | null
      tags: readonly string[]
      uploads: readonly Upload[]
      atMs: number
      /** What the counters of parent and original must show at least, as seen when it was written. */
      replies: number
      reposts: number
    }
  | { type: 'edit'; key: PostKeyText; content: string; before: PostView }
  | { type: 'delete'; key: PostKeyText; parent: PostKeyText | null; embed: PostKeyText | null }
  | { type: 'tag'; target: string; label: string; on: boolean }
  | { type: 'bookmark'; key: PostKeyText; on: boolean }
  | { type: 'follow'; user: string; on: boolean }
  | { type: 'mute'; user: string; on: boolean }
  | { type: 'profile'; draft: ProfileDraft; image: string | null }
  | { type: 'lastRead'; atMs: number }

/** `waiting`: not acknowledged by the homeserver; `sent`: the indexer has yet to show it. */
export type PendingState = 'waiting' | 'sent' | 'failed'

export interface Pending {
  id: string
  action: Action
  state: PendingState
  /** Code of the refusal. */
  reason: string | null
  /** When it was acknowledged. */
  sentAtMs: number | null
  /** When the indexer was seen to show it. */
  shownAtMs?: number
}

/**
 * Lists may be older than what they list: the next page that the server renders, or what this browser
 * remembered of one. For these actions the overlay stays for a moment; it changes nothing that is right.
 */
export function outlivesItsNews({ type }: Action): boolean {
  return ['post', 'bookmark', 'mute', 'follow', 'delete'].includes(type)
}

/** Actions with the same subject replace each other while they wait. */
export function subjectOf(action: Action): string {
  switch (action.type) {
    case 'tag':
      return `tag:${action.target}:${action.label}`
    case 'bookmark':
      return `bookmark:${action.key}`
    case 'follow':
    case 'mute':
      return `${action.type}:${action.user}`
    case 'post':
    case 'edit':
    case 'delete':
      return `${action.type}:${action.key}`
    case 'profile':
    case 'lastRead':
      return action.type
  }
}

export function pendingDetails(
  user: string,
  draft: ProfileDraft,
  image: string | null,
): UserDetails {
  const { name, bio, links, status } = draft
  return { id: user, name, bio, links, status, image, indexed_at: 0 }
}
