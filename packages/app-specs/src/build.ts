import { type Micros, nowMicros, type PublicKeyZ32, type StoragePath } from '@pubky/protocol/brands'
import { bookmarkJson, edgeJson, parseBookmark, parseEdge } from './edges.ts'
import { refuse } from './errors.ts'
import { feedIdInput, feedJson, parseFeed } from './feed.ts'
import { checkBlobSize, fileJson, parseFile } from './file.ts'
import { checkTimestampId, hashId, hashIdOfHash } from './ids.ts'
import { toBody } from './json.ts'
import { LIMITS } from './limits.ts'
import {
  blobPath,
  bookmarkPath,
  feedPath,
  filePath,
  followPath,
  LAST_READ_PATH,
  mutePath,
  PROFILE_PATH,
  postPath,
  SETTINGS_PATH,
  tagPath,
} from './paths.ts'
import { parsePost, postJson } from './post.ts'
import { parseProfile, profileJson } from './profile.ts'
import { settingsJson } from './settings.ts'
import { parseLabel, parseTag, tagIdInput, tagJson } from './tag.ts'
import { parseUrl, trim } from './text.ts'
import type {
  Bookmark,
  Edge,
  Feed,
  FileId,
  FileMeta,
  HashId,
  LastRead,
  Post,
  PostId,
  Profile,
  Settings,
  Tag,
} from './types.ts'

/** An object ready to be written: where, what bytes, and the value those bytes say. */
export interface Built<T> {
  path: StoragePath
  body: Uint8Array
  value: T
}
export type BuiltWithId<T, Id> = Built<T> & { id: Id }

function built<T>(path: StoragePath, value: T, json: unknown): Built<T> {
  return { path, body: toBody(json), value }
}

/** Members that may be left out when writing. */
type Draft<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: T[K]
}

/** Builds `profile.json`; throws `SpecsError` that names the field. */
export function buildProfile(draft: Draft<Profile>): Built<Profile> {
  const value = parseProfile(draft)
  return built(PROFILE_PATH, value, profileJson(value))
}

/** Builds a post that readers of every version accept: at most four attachments. */
export function buildPost(draft: Draft<Post>, id: PostId): BuiltWithId<Post, PostId> {
  const value = parsePost(draft)
  const most = LIMITS.postAttachmentsMaxCountWriter
  if ((value.attachments ?? []).length > most)
    refuse('too_many', 'attachments', `Too many attachments (max: ${most})`)
  checkTimestampId<PostId>(id, nowMicros())
  return { ...built(postPath(id), value, postJson(value)), id }
}

function noCheck(): void {}

/** Builds a tag; its id follows from target and label, so that tagging twice writes one object. */
export function buildTag(uri: string, label: string, now: Micros): BuiltWithId<Tag, HashId> {
  const checked = parseLabel(label)
  const value = parseTag({ uri, label: checked, created_at: Number(now) }, noCheck)
  const id = hashId(tagIdInput(value))
  return { ...built(tagPath(id), value, tagJson(value)), id }
}

/** Builds a bookmark. The address is not normalised: pass a canonical one. */
export function buildBookmark(uri: string, now: Micros): BuiltWithId<Bookmark, HashId> {
  const value = parseBookmark({ uri, created_at: Number(now) }, noCheck)
  const id = hashId(uri)
  return { ...built(bookmarkPath(id), value, bookmarkJson(value)), id }
}

function buildEdge(path: StoragePath, now: Micros): Built<Edge> {
  const value = parseEdge({ created_at: Number(now) })
  return built(path, value, edgeJson(value))
}

export const buildFollow = (target: PublicKeyZ32, now: Micros) => buildEdge(followPath(target), now)
export const buildMute = (target: PublicKeyZ32, now: Micros) => buildEdge(mutePath(target), now)

/** Builds the metadata of an upload; write its blob first. */
export function buildFile(meta: FileMeta, id: FileId): BuiltWithId<FileMeta, FileId> {
  const value = parseFile(fileJson(meta))
  checkTimestampId<FileId>(id, nowMicros())
  return { ...built(filePath(id), value, fileJson(value)), id }
}

/** A blob lies under the hash of its bytes; `hash` saves hashing large ones again. */
export function buildBlob(
  bytes: Uint8Array,
  hash?: Uint8Array,
): { path: StoragePath; body: Uint8Array; id: HashId } {
  checkBlobSize(bytes.length)
  const id = hash ? hashIdOfHash(hash) : hashId(bytes)
  return { path: blobPath(id), body: bytes, id }
}

export function buildFeed(feed: Feed): BuiltWithId<Feed, HashId> {
  const value = parseFeed(feedJson(feed), noCheck)
  const id = hashId(feedIdInput(value.feed))
  return { ...built(feedPath(id), value, feedJson(value)), id }
}

/** Milliseconds. */
export function buildLastRead(timestamp: number): Built<LastRead> {
  if (!(timestamp > 0)) refuse('out_of_range', 'timestamp', 'Timestamp must be a positive integer')
  return built(LAST_READ_PATH, { timestamp }, { timestamp })
}

export function buildSettings(settings: Settings): Built<Settings> {
  return built(SETTINGS_PATH, settings, settingsJson(settings))
}

/** An article's content: title and body in compact JSON (spec/data-model.md 6.2). */
export function articleContent(title: string, body: string): string {
  return JSON.stringify({ title: trim(title), body })
}

/** Title and body of a `long` post; content that is no such JSON is all body. */
export function parseArticle(content: string): { title: string; body: string } {
  try {
    const json: unknown = JSON.parse(content)
    if (json !== null && typeof json === 'object' && 'title' in json && 'body' in json) {
      const { title, body } = json
      if (typeof title === 'string' && typeof body === 'string') return { title, body }
    }
  } catch {
    // Not written as an article.
  }
  return { title: '', body: content }
}

/** An address that may become a link on a page; `javascript:` and the like may not. */
export function isSafeLink(text: string): boolean {
  const protocol = parseUrl(text)?.protocol
  return (
    protocol === 'https:' || protocol === 'http:' || protocol === 'mailto:' || protocol === 'pubky:'
  )
}
