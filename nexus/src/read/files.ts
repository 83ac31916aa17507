import { parseAppUri, SpecsError } from '@pubky/app-specs'
import type { Pool } from 'pg'
import type { FileDetails } from './views.ts'

interface Row {
  owner: string
  id: string
  name: string
  src: string
  content_type: string
  size: string
  created_at: string
  indexed_at: string
}

/** Owner and id of a file that an address names, or null. */
export function fileOfUri(uri: string): { owner: string; id: string } | null {
  try {
    const { owner, ref } = parseAppUri(uri)
    return ref?.kind === 'file' ? { owner, id: ref.id } : null
  } catch (error) {
    if (error instanceof SpecsError) return null
    throw error
  }
}

function urlsOf(row: Row): string {
  const path = (variant: string) => `${row.owner}/${row.id}/${variant}`
  const isImage = row.content_type.toLowerCase().startsWith('image')
  return JSON.stringify({
    main: path('main'),
    feed: isImage ? path('feed') : null,
    small: isImage ? path('small') : null,
  })
}

function toDetails(row: Row): FileDetails {
  return {
    id: row.id,
    uri: `pubky://${row.owner}/pub/pubky.app/files/${row.id}`,
    owner_id: row.owner,
    indexed_at: Number(row.indexed_at),
    created_at: Number(row.created_at),
    src: row.src,
    name: row.name,
    size: Number(row.size),
    content_type: row.content_type,
    urls: urlsOf(row),
    metadata: null,
  }
}

/** Metadata of uploads in the order of `uris`; unknown and wrong ones are left out. */
export async function filesByUris(pool: Pool, uris: readonly string[]): Promise<FileDetails[]> {
  const wanted = uris.flatMap((uri) => fileOfUri(uri) ?? [])
  if (wanted.length === 0) return []
  const { rows } = await pool.query<Row>({
    name: 'files',
    text: `select f.* from unnest($1::text[], $2::text[]) with ordinality as w (owner, id, n)
      join files f on f.owner = w.owner and f.id = w.id order by w.n`,
    values: [wanted.map(({ owner }) => owner), wanted.map(({ id }) => id)],
  })
  return rows.map(toDetails)
}

/** Where the bytes of an upload lie. */
export interface StoredFile {
  name: string
  contentType: string
  blobKey: string
  size: number
}

/** The blob of a file, when its `src` names one that was taken in; null otherwise. */
export async function storedFile(
  pool: Pool,
  owner: string,
  id: string,
): Promise<StoredFile | null> {
  const { rows } = await pool.query<{ name: string; content_type: string; src: string }>({
    name: 'file',
    text: 'select name, content_type, src from files where owner = $1 and id = $2',
    values: [owner, id],
  })
  const file = rows[0]
  if (!file) return null
  const blob = /^pubky:\/\/([a-z0-9]{52})(\/pub\/pubky\.app\/blobs\/[0-9A-Z]{26})$/.exec(file.src)
  if (!blob) return null
  const found = await pool.query<{ blob_key: string | null; size: string | null }>({
    name: 'blob',
    text: "select blob_key, size from objects where owner = $1 and path = $2 and kind = 'blob' and not deleted",
    values: [blob[1], blob[2]],
  })
  const stored = found.rows[0]
  if (!stored?.blob_key) return null
  return {
    name: file.name,
    contentType: file.content_type,
    blobKey: stored.blob_key,
    size: Number(stored.size ?? 0),
  }
}
