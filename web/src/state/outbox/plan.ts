import {
  blobUri,
  bookmarkPath,
  buildBlob,
  buildBookmark,
  buildFile,
  buildFollow,
  buildLastRead,
  buildMute,
  buildPost,
  buildProfile,
  buildTag,
  createIdClock,
  fileUri,
  followPath,
  hashId,
  mutePath,
  type Post,
  parsePostKey,
  postKeyText,
  postPath,
  postUri,
  profileUri,
  tagPath,
} from '@pubky/app-specs'
import { nowMicros, type PublicKeyZ32, type StoragePath } from '@pubky/protocol/brands'
import { parsePublicKey } from '@pubky/protocol/keys'
import { uriOfKey } from '../views.ts'
import type { Action, Upload } from './actions.ts'

/** One write to the homeserver. */
export interface Op {
  method: 'PUT' | 'DELETE'
  path: StoragePath
  body?: Uint8Array
  /** Refuses to replace another object of this name. */
  create?: boolean
}

const nextId = createIdClock(nowMicros)

/** A new post's key, never the same twice. */
export function newPostKey(viewer: string): string {
  return postKeyText({ author: parsePublicKey(viewer), id: nextId() })
}

function uriOf(target: string): string {
  return target.includes(':') ? postUri(parsePostKey(target)) : profileUri(parsePublicKey(target))
}

function uploadOps(user: PublicKeyZ32, upload: Upload): { ops: Op[]; uri: string } {
  const blob = buildBlob(upload.bytes)
  const id = nextId()
  const file = buildFile(
    {
      name: upload.name,
      createdAt: Number(nowMicros()),
      src: blobUri(user, blob.id),
      contentType: upload.type,
      size: upload.bytes.length,
    },
    id as never,
  )
  const ops: Op[] = [
    { method: 'PUT', path: blob.path, body: blob.body },
    { method: 'PUT', path: file.path, body: file.body, create: true },
  ]
  return { ops, uri: fileUri(user, file.id) }
}

function postOps(user: PublicKeyZ32, action: Extract<Action, { type: 'post' }>): Op[] {
  const uploads = action.uploads.map((upload) => uploadOps(user, upload))
  const { id } = parsePostKey(action.key)
  const built = buildPost(
    {
      content: action.content,
      kind: action.kind as Post['kind'],
      parent: action.parent && uriOfKey(action.parent),
      embed: action.embed ? { kind: 'short', uri: uriOfKey(action.embed) } : null,
      attachments: uploads.length ? uploads.map(({ uri }) => uri) : null,
    },
    id,
  )
  const uri = postUri(parsePostKey(action.key))
  const tags = action.tags.map((label) => buildTag(uri, label, nowMicros()))
  // The same picture twice is one blob.
  const files = new Map(uploads.flatMap(({ ops }) => ops.map((op) => [op.path, op])))
  return [
    ...files.values(),
    { method: 'PUT', path: built.path, body: built.body, create: true },
    ...tags.map(({ path, body }): Op => ({ method: 'PUT', path, body })),
  ]
}

function editOps(action: Extract<Action, { type: 'edit' }>): Op[] {
  const { details, relationships } = action.before
  const embed = relationships.reposted
  const built = buildPost(
    {
      content: action.content,
      kind: details.kind as Post['kind'],
      parent: relationships.replied,
      embed: embed ? { kind: 'short', uri: embed } : null,
      attachments: details.attachments?.length ? details.attachments : null,
      lock: details.lock ?? null,
    },
    parsePostKey(action.key).id,
  )
  return [{ method: 'PUT', path: built.path, body: built.body }]
}

function toggle(
  on: boolean,
  put: () => { path: StoragePath; body: Uint8Array },
  path: StoragePath,
) {
  if (!on) return [{ method: 'DELETE', path }] satisfies Op[]
  const { body } = put()
  return [{ method: 'PUT', path, body }] satisfies Op[]
}

/**
 * The writes of an action, in the order in which they must happen; throws `SpecsError` when the action
 * does not fit the data model. A profile's new picture is named in `image`.
 */
export function planOps(viewer: string, action: Action): { ops: Op[]; image?: string } {
  const user = parsePublicKey(viewer)
  const now = nowMicros()
  switch (action.type) {
    case 'post':
      return { ops: postOps(user, action) }
    case 'edit':
      return { ops: editOps(action) }
    case 'delete':
      return { ops: [{ method: 'DELETE', path: postPath(parsePostKey(action.key).id) }] }
    case 'tag': {
      const uri = uriOf(action.target)
      const built = buildTag(uri, action.label, now)
      return { ops: toggle(action.on, () => built, tagPath(built.id)) }
    }
    case 'bookmark': {
      const uri = uriOfKey(action.key)
      const path = bookmarkPath(hashId(uri))
      return { ops: toggle(action.on, () => buildBookmark(uri, now), path) }
    }
    case 'follow': {
      const target = parsePublicKey(action.user)
      return { ops: toggle(action.on, () => buildFollow(target, now), followPath(target)) }
    }
    case 'mute': {
      const target = parsePublicKey(action.user)
      return { ops: toggle(action.on, () => buildMute(target, now), mutePath(target)) }
    }
    case 'profile': {
      const { picture, ...draft } = action.draft
      const upload = picture ? uploadOps(user, picture) : null
      const image = upload?.uri ?? draft.image
      const built = buildProfile({ ...draft, image })
      const ops: Op[] = [
        ...(upload?.ops ?? []),
        { method: 'PUT', path: built.path, body: built.body },
      ]
      return image === null ? { ops } : { ops, image }
    }
    case 'lastRead': {
      const built = buildLastRead(action.atMs)
      return { ops: [{ method: 'PUT', path: built.path, body: built.body }] }
    }
  }
}
