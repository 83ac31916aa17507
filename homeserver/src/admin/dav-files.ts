import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { publicKeyFromBytes } from '@pubky/protocol'
import type { Context } from '../context.ts'
import type { Put } from '../entries/commit.ts'
import type { Taken } from '../entries/intake.ts'
import { isKeyObject } from '../entries/key-objects.ts'
import type { Entry } from '../entries/read.ts'
import { refusals } from '../errors.ts'
import { commitDuring } from '../moving/gate.ts'
import type { DavItem } from './dav-xml.ts'

/** Files in one listing or one copy of a folder. */
const MAX_FILES = 10_000

export interface Owner {
  key: PublicKeyZ32
  userId: string
}

interface ChildRow {
  name: string
  is_folder: boolean
  size: string
  hash: Buffer
  content_type: string
  modified_at: Date
}

export function etagOf(hash: Uint8Array): string {
  return `"${Buffer.from(hash).toString('base64')}"`
}

export function fileItem(href: string, entry: Entry): DavItem {
  const { size, modifiedAt, contentType, hash } = entry
  return { href, size, modifiedAt, contentType, etag: etagOf(hash) }
}

/** Everybody who has an account here, as folders. */
export async function listOwners(ctx: Context): Promise<DavItem[]> {
  const { rows } = await ctx.pool.query<{ key: Buffer }>(
    `select key from users order by id limit ${MAX_FILES}`,
  )
  return rows.map(({ key }) => ({ href: `/dav/${publicKeyFromBytes(key)}/` }))
}

/** What lies directly in a folder. */
export async function listFolder(
  ctx: Context,
  owner: Owner,
  folder: StoragePath,
): Promise<DavItem[]> {
  const { rows } = await ctx.pool.query<ChildRow>(
    `select split_part(rest, '/', 1) as name, position('/' in rest) > 0 as is_folder,
       min(size)::text as size, (array_agg(hash))[1] as hash, min(content_type) as content_type,
       max(modified_at) as modified_at
     from (
       select substr(path, length($2) + 1) as rest, size, hash, content_type, modified_at from entries
       where user_id = $1 and path >= $2 and path < left($2, -1) || '0'
     ) below
     group by 1, 2 order by 1, 2 limit ${MAX_FILES}`,
    [owner.userId, folder],
  )
  const base = `/dav/${owner.key}${folder}`
  return rows.map((row) =>
    row.is_folder
      ? { href: `${base}${row.name}/`, modifiedAt: row.modified_at }
      : {
          href: `${base}${row.name}`,
          size: Number(row.size),
          modifiedAt: row.modified_at,
          contentType: row.content_type,
          etag: etagOf(row.hash),
        },
  )
}

/** Paths of all files in a folder and below. */
export async function pathsBelow(
  ctx: Context,
  owner: Owner,
  folder: StoragePath,
): Promise<StoragePath[]> {
  const { rows } = await ctx.pool.query<{ path: StoragePath }>(
    `select path from entries where user_id = $1 and path >= $2 and path < left($2, -1) || '0'
     order by path limit ${MAX_FILES + 1}`,
    [owner.userId, folder],
  )
  if (rows.length > MAX_FILES) throw refusals.davTooMany()
  return rows.map(({ path }) => path)
}

/** Stores a body that was taken in, whatever the account may write and wherever files are. */
export async function storeFile(
  ctx: Context,
  owner: Owner,
  path: StoragePath,
  taken: Taken,
): Promise<void> {
  const write: Put = {
    kind: 'PUT',
    userId: owner.userId,
    path,
    proof: null,
    createOnly: false,
    matches: null,
    policy: null,
    forced: true,
    ...taken,
  }
  try {
    if (isKeyObject(path)) throw refusals.ownerSignature()
    const { result } = await commitDuring(ctx, write)
    // The only reasons that are left; WebDAV has no words for them (spec/homeserver.md 7).
    if (result !== 'applied' && result !== 'same') throw refusals.davRefused(result)
  } catch (error) {
    const isUnknown = error instanceof Error && 'code' in error && error.code === 'outcome_unknown'
    if (write.blobKey && !isUnknown) await ctx.blobs.delete([write.blobKey])
    throw error
  }
}

/** Writes what one file holds to another path, of the same owner or of another. */
export async function copyFile(
  ctx: Context,
  from: Owner & { path: StoragePath },
  to: Owner & { path: StoragePath },
): Promise<void> {
  const entry = await ctx.entries.entry(from.userId, from.path)
  if (!entry) throw refusals.notFound()
  const { hash, size, contentType, inline } = entry
  let blobKey: string | null = null
  if (entry.blobKey) {
    const writer = await ctx.blobs.begin(null)
    try {
      for await (const chunk of await ctx.blobs.read(entry.blobKey)) await writer.write(chunk)
      blobKey = (await writer.finish()).key
    } catch (error) {
      await writer.abort()
      throw error
    }
  }
  await storeFile(ctx, to, to.path, { hash, size, contentType, inline, blobKey })
}
