import type { PublicKeyZ32 } from '@pubky/protocol/brands'
import { type Micros, nowMicros, type StoragePath } from '@pubky/protocol/brands'
import { parseBookmark, parseEdge, parseLastRead } from './edges.ts'
import { SpecsError } from './errors.ts'
import { parseFeed } from './feed.ts'
import { checkBlobSize, parseFile } from './file.ts'
import { checkHashId, checkTimestampId } from './ids.ts'
import { parseJson } from './json.ts'
import { classifyPath, type ObjectRef } from './paths.ts'
import { parsePost } from './post.ts'
import { parseProfile } from './profile.ts'
import { parseSettings } from './settings.ts'
import { parseTag } from './tag.ts'
import type {
  Bookmark,
  Feed,
  FileId,
  FileMeta,
  Follow,
  HashId,
  LastRead,
  Mute,
  Post,
  PostId,
  Profile,
  Settings,
  Tag,
} from './types.ts'
import { parseUserId } from './user-id.ts'

/** A valid object, sanitised: what an indexer works with (spec/data-model.md 3.1). */
export type AppObject =
  | { kind: 'profile'; value: Profile }
  | { kind: 'post'; id: PostId; value: Post }
  | { kind: 'tag'; id: HashId; app: string; value: Tag }
  | { kind: 'bookmark'; id: HashId; value: Bookmark }
  | { kind: 'follow'; target: PublicKeyZ32; value: Follow }
  | { kind: 'mute'; target: PublicKeyZ32; value: Mute }
  | { kind: 'file'; id: FileId; value: FileMeta }
  | { kind: 'feed'; id: HashId; value: Feed }
  | { kind: 'blob'; id: HashId; size: number }
  | { kind: 'lastRead'; value: LastRead }
  | { kind: 'settings'; value: Settings }

function parseRef(ref: ObjectRef, body: Uint8Array, now: Micros): AppObject {
  switch (ref.kind) {
    case 'profile':
      return { kind: 'profile', value: parseProfile(parseJson(body)) }
    case 'post': {
      const json = parseJson(body)
      return { kind: 'post', id: checkTimestampId<PostId>(ref.id, now), value: parsePost(json) }
    }
    case 'file': {
      const json = parseJson(body)
      return { kind: 'file', id: checkTimestampId<FileId>(ref.id, now), value: parseFile(json) }
    }
    case 'tag': {
      const { id, app } = ref
      const value = parseTag(parseJson(body), (input) => checkHashId(id, input))
      return { kind: 'tag', id: id as HashId, app, value }
    }
    case 'bookmark': {
      const value = parseBookmark(parseJson(body), (input) => checkHashId(ref.id, input))
      return { kind: 'bookmark', id: ref.id as HashId, value }
    }
    case 'feed': {
      const value = parseFeed(parseJson(body), (input) => checkHashId(ref.id, input))
      return { kind: 'feed', id: ref.id as HashId, value }
    }
    case 'follow':
    case 'mute': {
      const json = parseJson(body)
      const target = parseUserId(ref.target, 'id')
      return { kind: ref.kind, target, value: parseEdge(json) }
    }
    case 'blob':
      checkBlobSize(body.length)
      return { kind: 'blob', id: checkHashId(ref.id, body), size: body.length }
    case 'lastRead':
      return { kind: 'lastRead', value: parseLastRead(parseJson(body)) }
    case 'settings':
      return { kind: 'settings', value: parseSettings(parseJson(body)) }
  }
}

/**
 * Reads what lies at a path by the rules of 0.8.0, which also read what older versions wrote.
 * `now` (microseconds) bounds the ids of posts and files. Throws `SpecsError`.
 */
export function parseObject(
  path: StoragePath,
  body: Uint8Array,
  now: Micros = nowMicros(),
): AppObject {
  const ref = classifyPath(path)
  if (!ref) throw new SpecsError('unknown_object', null, `Unrecognized resource ${path}`)
  return parseRef(ref, body, now)
}
