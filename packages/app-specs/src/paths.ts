import type { PublicKeyZ32, StoragePath } from '@pubky/protocol/brands'
import type { FileId, HashId, PostId, PostKey } from './types.ts'

/** Everything of the social apps lies below it (spec/data-model.md 2). */
export const APP_ROOT = '/pub/pubky.app/' as StoragePath
export const PROFILE_PATH = '/pub/pubky.app/profile.json' as StoragePath
export const LAST_READ_PATH = '/pub/pubky.app/last_read' as StoragePath
export const SETTINGS_PATH = '/pub/pubky.app/settings.json' as StoragePath
export const MAIN_APP = 'pubky.app'

/** What a path alone says about the object there. Ids are not checked. */
export type ObjectRef =
  | { kind: 'profile' | 'lastRead' | 'settings' }
  | { kind: 'post' | 'file' | 'bookmark' | 'feed' | 'blob'; id: string }
  | { kind: 'follow' | 'mute'; target: string }
  | { kind: 'tag'; app: string; id: string }

const FOLDERS = {
  posts: 'post',
  files: 'file',
  bookmarks: 'bookmark',
  feeds: 'feed',
  blobs: 'blob',
} as const

function isFolder(name: string): name is keyof typeof FOLDERS {
  return Object.hasOwn(FOLDERS, name)
}

/** The object a decoded path stands for, or null for paths the data model does not know. */
export function classifyPath(path: string): ObjectRef | null {
  switch (path) {
    case PROFILE_PATH:
      return { kind: 'profile' }
    case LAST_READ_PATH:
      return { kind: 'lastRead' }
    case SETTINGS_PATH:
      return { kind: 'settings' }
  }
  const [empty, root, app, folder, id, ...more] = path.split('/')
  if (empty !== '' || root !== 'pub' || !app || !folder || !id || more.length > 0) return null
  if (folder === 'tags') return { kind: 'tag', app, id }
  if (app !== MAIN_APP) return null
  if (isFolder(folder)) return { kind: FOLDERS[folder], id }
  if (folder === 'follows') return { kind: 'follow', target: id }
  if (folder === 'mutes') return { kind: 'mute', target: id }
  return null
}

const below = (folder: string, id: string) => `${APP_ROOT}${folder}/${id}` as StoragePath

export const postPath = (id: PostId) => below('posts', id)
export const filePath = (id: FileId) => below('files', id)
export const tagPath = (id: HashId) => below('tags', id)
export const bookmarkPath = (id: HashId) => below('bookmarks', id)
export const feedPath = (id: HashId) => below('feeds', id)
export const blobPath = (id: HashId) => below('blobs', id)
export const followPath = (target: PublicKeyZ32) => below('follows', target)
export const mutePath = (target: PublicKeyZ32) => below('mutes', target)

const uri = (owner: PublicKeyZ32, path: StoragePath) => `pubky://${owner}${path}`

export const profileUri = (user: PublicKeyZ32) => uri(user, PROFILE_PATH)
export const postUri = (key: PostKey) => uri(key.author, postPath(key.id))
export const fileUri = (owner: PublicKeyZ32, id: FileId) => uri(owner, filePath(id))
export const blobUri = (owner: PublicKeyZ32, id: HashId) => uri(owner, blobPath(id))
