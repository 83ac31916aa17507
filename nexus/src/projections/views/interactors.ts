import { bookmarkPath, type HashId, parsePostKey, postUri } from '@pubky/app-specs'
import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import type { ChangeSource } from './notice.ts'
import { rowsOf, type Tx } from './sql.ts'

/** Somebody else's live reply, repost, bookmark or tag of a post. */
export interface Interactor {
  source: Exclude<ChangeSource, 'reply' | 'repost'>
  who: PublicKeyZ32
  /** Names the edge among those of its source: a post key, or tagger and label. */
  ref: string
  uri: string
}

/** How many people of each sort are told of one change. */
export const MAX_TOLD = 1_000

const LOAD = `select k.key, x.source, x.who, x.ref, x.id
  from unnest($1::text[]) as k (key)
  cross join lateral (
    (select 'reply_parent' as source, author as who, p.key as ref, p.key as id from posts p
      where p.parent_key = k.key and not p.deleted and p.author <> left(k.key, 52)
      order by p.key limit $2)
    union all
    (select 'repost_embed', author, p.key, p.key from posts p
      where p.repost_key = k.key and not p.deleted and p.author <> left(k.key, 52)
      order by p.key limit $2)
    union all
    (select 'bookmark', owner, b.owner, b.id from bookmarks b
      where b.post_key = k.key and b.owner <> left(k.key, 52) order by b.owner limit $2)
    union all
    (select 'tagged_post', tagger, t.tagger || ' ' || t.label, t.path from tags t
      where t.target = k.key and t.tagger <> left(k.key, 52)
      order by t.tagger || ' ' || t.label limit $2)
  ) x`

interface Row {
  key: string
  source: Interactor['source']
  who: PublicKeyZ32
  ref: string
  id: string
}

export const interactorKey = (i: Pick<Interactor, 'source' | 'ref'>) => `${i.source} ${i.ref}`

/** What refers to each of these posts; `spare` more than are told, because some may yet go. */
export async function loadInteractors(
  tx: Tx,
  keys: readonly string[],
  spare: number,
): Promise<Map<string, Map<string, Interactor>>> {
  const found = new Map<string, Map<string, Interactor>>()
  if (keys.length === 0) return found
  for (const key of keys) found.set(key, new Map())
  for (const row of await rowsOf<Row>(tx, 'interactors', LOAD, [keys, MAX_TOLD + spare])) {
    const { key, source, who, ref, id } = row
    const interactor = { source, who, ref, uri: uriOf(source, who, id) }
    found.get(key)?.set(interactorKey(interactor), interactor)
  }
  return found
}

/** `id` is a post key, the id of a bookmark, or the path of a tag. */
export function uriOf(source: Interactor['source'], who: PublicKeyZ32, id: string): string {
  switch (source) {
    case 'bookmark':
      return `pubky://${who}${bookmarkPath(id as HashId)}`
    case 'tagged_post':
      return `pubky://${who}${id as StoragePath}`
    default:
      return postUri(parsePostKey(id))
  }
}

const ORDER = ['reply_parent', 'repost_embed', 'bookmark', 'tagged_post'] as const

/** Those who are told, in an order that does not depend on how the journal was cut into batches. */
export function told(interactors: Iterable<Interactor>): Interactor[] {
  const all = [...interactors]
  return ORDER.flatMap((source) =>
    all
      .filter((i) => i.source === source)
      .sort((a, b) => Buffer.compare(Buffer.from(a.ref), Buffer.from(b.ref)))
      .slice(0, MAX_TOLD),
  )
}
