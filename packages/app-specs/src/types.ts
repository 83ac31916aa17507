import type { PublicKeyZ32 } from '@pubky/protocol/brands'

declare const B: unique symbol
type Brand<T, N extends string> = T & { readonly [B]: N }

/** Thirteen characters, kept exactly as found in a path: spellings of one instant differ (4.1). */
export type PostId = Brand<string, 'PostId'>
export type FileId = Brand<string, 'FileId'>
/** Twenty-six characters of the hash of an object (4.2). */
export type HashId = Brand<string, 'HashId'>
/** Trimmed, lower case, 1 to 20 scalars, without white space, comma and colon (6.4). */
export type Label = Brand<string, 'Label'>

export interface PostKey {
  author: PublicKeyZ32
  id: PostId
}

export const POST_KINDS = ['short', 'long', 'image', 'video', 'link', 'file', 'collection'] as const
/** `unknown` stands for words of a later version. It is never valid. */
export type PostKind = (typeof POST_KINDS)[number] | 'unknown'

export interface ProfileLink {
  title: string
  url: string
}

export interface Profile {
  name: string
  bio: string | null
  image: string | null
  links: ProfileLink[] | null
  status: string | null
}

export interface PostEmbed {
  kind: PostKind
  uri: string
}

export interface Post {
  content: string
  kind: PostKind
  parent: string | null
  embed: PostEmbed | null
  attachments: string[] | null
  lock: string | null
}

/** The envelope inside the content of a collection post (6.3). */
export interface Collection {
  name: string
  description: string | null
  items: string[]
  coverImage: string | null
  layout: string | null
}

/** `createdAt` is in microseconds and the writer's word: any integer. */
export interface Tag {
  uri: string
  label: Label
  createdAt: number
}

export interface Bookmark {
  uri: string
  createdAt: number
}

export interface Edge {
  createdAt: number
}
export type Follow = Edge
export type Mute = Edge

export interface FileMeta {
  name: string
  createdAt: number
  src: string
  contentType: string
  size: number
}

export const FEED_REACHES = ['following', 'followers', 'friends', 'all', 'wot', 'me'] as const
export const FEED_LAYOUTS = ['columns', 'wide', 'visual', 'list'] as const
export const FEED_SORTS = ['recent', 'popularity'] as const

export interface FeedConfig {
  tags: Label[] | null
  domainTags: Label[] | null
  reach: (typeof FEED_REACHES)[number]
  layout: (typeof FEED_LAYOUTS)[number]
  sort: (typeof FEED_SORTS)[number]
  content: PostKind | null
}

export interface Feed {
  feed: FeedConfig
  name: string
  icon: string | null
  createdAt: number
}

/** Milliseconds up to which notifications are read. */
export interface LastRead {
  timestamp: number
}

export interface Settings {
  notifications: Record<NotificationSwitch, boolean>
  privacy: Record<PrivacySwitch, boolean>
  language: string
  /** Milliseconds. */
  updatedAt: number
  version: number
  /** Members this version does not know; they are written back. */
  rest: Record<string, unknown>
}

export const NOTIFICATION_SWITCHES = [
  'follow',
  'newFriend',
  'tagPost',
  'tagProfile',
  'mention',
  'reply',
  'repost',
  'postDeleted',
  'postEdited',
] as const
export type NotificationSwitch = (typeof NOTIFICATION_SWITCHES)[number]

export const PRIVACY_SWITCHES = [
  'showConfirm',
  'blurCensored',
  'signOutInactive',
  'requirePin',
  'hideWhoToFollow',
  'hideActiveFriends',
  'hideSearch',
  'neverShowPosts',
] as const
export type PrivacySwitch = (typeof PRIVACY_SWITCHES)[number]
