import type { PostView } from '@pubky/nexus/api-types'

/** Objects of the indexer (spec/nexus.md 1.3), with what its tRPC face adds. */
export type {
  FileDetails,
  HotTag,
  PostView,
  ProofState,
  TagDetails,
  UserDetails,
  UserView,
} from '@pubky/nexus/api-types'

/** `author:id`. */
export type PostKeyText = string

export function keyOfPost(view: PostView): PostKeyText {
  return `${view.details.author}:${view.details.id}`
}

/** Articles are written with other clients, which keep them as JSON; nobody edits that by hand. */
export function canEdit({ details }: PostView, viewer: string | null): boolean {
  return details.author === viewer && details.kind !== 'long'
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

/** By its shape only. */
export function looksLikePost(text: string): boolean {
  return /^[0-9A-Za-z]{13}$/.test(text)
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
