import { postKeyText } from '@pubky/app-specs'
import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { postLinks } from '../../objects/edges.ts'
import { type ObjectState, VERDICTS } from '../../objects/fold.ts'
import type { HomeTimeline } from '../../objects/home-timeline.ts'
import { kindOfPath } from '../../objects/kind-of-path.ts'
import { lastSegment } from './edge-rows.ts'
import { remove, rowsOf, type Tx, upsert } from './sql.ts'

const POST_COLUMNS = {
  key: 'text',
  author: 'text',
  id: 'text',
  content: 'text',
  kind: 'text',
  attachments: 'jsonb',
  lock: 'text',
  parent_key: 'text',
  repost_key: 'text',
  embed_uri: 'text',
  mentions: 'text[]',
  indexed_at: 'bigint',
  edited_at: 'bigint',
  verdict: 'smallint',
  deleted: 'boolean',
  visible: 'boolean',
} as const
// Whether a post shows is decided when everything that refers to it has been written.
const upsertPosts = upsert('posts', ['key'], POST_COLUMNS, ['visible'])
const removePosts = remove('posts', { key: 'text' })

const upsertFiles = upsert('files', ['owner', 'id'], {
  owner: 'text',
  id: 'text',
  name: 'text',
  src: 'text',
  content_type: 'text',
  size: 'bigint',
  created_at: 'numeric',
  indexed_at: 'bigint',
  verdict: 'smallint',
})
const removeFiles = remove('files', { owner: 'text', id: 'text' })

const upsertUsers = upsert('users', ['id'], {
  id: 'text',
  state: 'smallint',
  name: 'text',
  bio: 'text',
  status: 'text',
  image: 'text',
  links: 'jsonb',
  verdict: 'smallint',
  indexed_at: 'bigint',
})
const removeUsers = remove('users', { id: 'text' })

export interface Owned {
  owner: PublicKeyZ32
  path: StoragePath
}

export function postKeyOf({ owner, path }: Owned): string {
  return `${owner}:${lastSegment(path)}`
}

/** The keys of the posts that a post answers and reposts. */
export function linkKeys(state: ObjectState | null): {
  parent: string | null
  repost: string | null
} {
  if (state?.doc?.kind !== 'post') return { parent: null, repost: null }
  const { parent, repost } = postLinks(state.doc.value)
  return { parent: parent && postKeyText(parent), repost: repost && postKeyText(repost) }
}

/** Writes posts and files; a state of null, or one in which nothing counted, removes the row. */
export async function saveDocuments(
  tx: Tx,
  dirty: readonly { at: Owned; state: ObjectState | null }[],
): Promise<void> {
  const posts: object[] = []
  const files: object[] = []
  const noPosts: object[] = []
  const noFiles: object[] = []
  for (const { at, state } of dirty) {
    const kind = kindOfPath(at.path)
    if (kind === 'post') {
      if (state?.doc) posts.push(postRow(state))
      else noPosts.push({ key: postKeyOf(at) })
    } else if (kind === 'file') {
      if (state?.doc && !state.deleted) files.push(fileRow(state))
      else noFiles.push({ owner: at.owner, id: lastSegment(at.path) })
    }
  }
  await Promise.all([
    removePosts(tx, noPosts),
    upsertPosts(tx, posts),
    removeFiles(tx, noFiles),
    upsertFiles(tx, files),
  ])
}

function postRow(state: ObjectState): Record<keyof typeof POST_COLUMNS, unknown> {
  const value = state.doc?.kind === 'post' ? state.doc.value : null
  const { parent, repost } = linkKeys(state)
  return {
    key: postKeyOf(state),
    author: state.owner,
    id: lastSegment(state.path),
    content: value?.content ?? '',
    kind: value?.kind ?? 'short',
    attachments: value?.attachments ?? null,
    lock: value?.lock ?? null,
    parent_key: parent,
    repost_key: repost,
    embed_uri: value?.embed?.uri ?? null,
    mentions: value?.mentions ?? [],
    indexed_at: state.indexedAt,
    edited_at: state.editedAt,
    verdict: VERDICTS.indexOf(state.verdict),
    deleted: state.deleted,
    visible: false,
  }
}

function fileRow(state: ObjectState): object {
  const value = state.doc?.kind === 'file' ? state.doc.value : null
  return {
    owner: state.owner,
    id: lastSegment(state.path),
    name: value?.name ?? '',
    src: value?.src ?? '',
    content_type: value?.contentType ?? '',
    size: value?.size ?? 0,
    created_at: value?.createdAt ?? 0,
    indexed_at: state.indexedAt,
    verdict: VERDICTS.indexOf(state.verdict),
  }
}

/** Writes what is known of these people: their homes say that they exist, their profiles the rest. */
export async function saveUsers(
  tx: Tx,
  people: readonly { id: PublicKeyZ32; timeline: HomeTimeline; profile: ObjectState | null }[],
): Promise<void> {
  const known = people.filter(({ timeline }) => timeline.knownSince !== null)
  const unknown = people.filter(({ timeline }) => timeline.knownSince === null)
  await Promise.all([
    removeUsers(
      tx,
      unknown.map(({ id }) => ({ id })),
    ),
    upsertUsers(tx, known.map(userRow)),
  ])
}

function userRow(person: {
  id: PublicKeyZ32
  timeline: HomeTimeline
  profile: ObjectState | null
}): object {
  const { id, timeline, profile } = person
  const value = profile?.doc?.kind === 'profile' ? profile.doc.value : null
  return {
    id,
    state: value === null ? 0 : profile?.deleted ? 2 : 1,
    name: value?.name ?? null,
    bio: value?.bio ?? null,
    status: value?.status ?? null,
    image: value?.image ?? null,
    links: value?.links ?? null,
    verdict: value === null ? 0 : VERDICTS.indexOf(profile?.verdict ?? 'unsigned'),
    indexed_at: value === null ? timeline.knownSince : (profile?.indexedAt ?? 0),
  }
}

const LAST_READ = `update users u set last_read_at = r.at
  from unnest($1::text[], $2::bigint[]) as r (id, at)
  where u.id = r.id and u.last_read_at is distinct from r.at`

export async function saveLastRead(
  tx: Tx,
  read: ReadonlyMap<PublicKeyZ32, number | null>,
): Promise<void> {
  if (read.size === 0) return
  await rowsOf(tx, 'save_last_read', LAST_READ, [[...read.keys()], [...read.values()]])
}
