import type { PublicKeyZ32, StoragePath } from '@pubky/protocol'
import { type Edge, edgeKey } from '../../objects/edges.ts'
import { remove, rowsOf, type Tx, upsert } from './sql.ts'

/** A live object that asserts an edge. */
export interface Assertion {
  path: StoragePath
  id: string
  indexedAt: number
}

/** The objects that assert each edge; the edge exists while there is one. */
export interface Assertions {
  edge: Edge
  by: Map<StoragePath, Assertion>
}

/** The one that stands for all: any rule would do that does not look at the order of arrival. */
export function firstAssertion({ by }: Assertions): Assertion | null {
  let first: Assertion | null = null
  for (const assertion of by.values()) if (!first || assertion.path < first.path) first = assertion
  return first
}

const LOAD = `select o.owner, o.path, o.kind, o.edge_target, o.edge_label, o.edge_app, o.indexed_at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    as k (owner, kind, target, label, app)
  join objects o on o.owner = k.owner and o.kind = k.kind and o.edge_target = k.target
    and o.edge_label = k.label and o.edge_app = k.app`

interface Row {
  owner: PublicKeyZ32
  path: StoragePath
  kind: Edge['kind']
  edge_target: string
  edge_label: string
  edge_app: string
  indexed_at: string
}

export async function loadAssertions(
  tx: Tx,
  edges: readonly Edge[],
): Promise<Map<string, Assertions>> {
  const found = new Map<string, Assertions>()
  for (const edge of edges) found.set(edgeKey(edge), { edge, by: new Map() })
  if (found.size === 0) return found
  const all = [...found.values()].map(({ edge }) => edge)
  const rows = await rowsOf<Row>(tx, 'load_assertions', LOAD, [
    all.map((e) => e.owner),
    all.map((e) => e.kind),
    all.map((e) => e.target),
    all.map((e) => e.label),
    all.map((e) => e.app),
  ])
  for (const row of rows) {
    const { owner, kind, edge_target: target, edge_label: label, edge_app: app, path } = row
    const assertion = { path, id: lastSegment(path), indexedAt: Number(row.indexed_at) }
    found.get(edgeKey({ kind, owner, target, label, app }))?.by.set(path, assertion)
  }
  return found
}

export function lastSegment(path: StoragePath): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

const PAIR = { indexed_at: 'bigint' } as const
const upsertFollows = upsert('follows', ['follower', 'followed'], {
  follower: 'text',
  followed: 'text',
  ...PAIR,
})
const removeFollows = remove('follows', { follower: 'text', followed: 'text' })
const upsertMutes = upsert('mutes', ['owner', 'muted'], { owner: 'text', muted: 'text', ...PAIR })
const removeMutes = remove('mutes', { owner: 'text', muted: 'text' })
const upsertBookmarks = upsert('bookmarks', ['owner', 'post_key'], {
  owner: 'text',
  post_key: 'text',
  id: 'text',
  ...PAIR,
})
const removeBookmarks = remove('bookmarks', { owner: 'text', post_key: 'text' })
const upsertTags = upsert('tags', ['target', 'label', 'tagger', 'app'], {
  target: 'text',
  label: 'text',
  tagger: 'text',
  app: 'text',
  target_kind: 'smallint',
  id: 'text',
  path: 'text',
  ...PAIR,
})
const removeTags = remove('tags', { target: 'text', label: 'text', tagger: 'text', app: 'text' })

const TARGET_KINDS = ['post', 'person', 'resource'] as const

/** Makes the rows of these edges say what the assertions say. */
export async function saveEdges(tx: Tx, all: readonly Assertions[]): Promise<void> {
  const puts = { tag: [], bookmark: [], follow: [], mute: [] } as Record<Edge['kind'], object[]>
  const dels = { tag: [], bookmark: [], follow: [], mute: [] } as Record<Edge['kind'], object[]>
  for (const assertions of all) {
    const { edge } = assertions
    const first = firstAssertion(assertions)
    const key = keyOf(edge)
    if (!first) dels[edge.kind].push(key)
    else puts[edge.kind].push({ ...key, ...valuesOf(edge, first), indexed_at: first.indexedAt })
  }
  await Promise.all([
    removeFollows(tx, dels.follow),
    upsertFollows(tx, puts.follow),
    removeMutes(tx, dels.mute),
    upsertMutes(tx, puts.mute),
    removeBookmarks(tx, dels.bookmark),
    upsertBookmarks(tx, puts.bookmark),
    removeTags(tx, dels.tag),
    upsertTags(tx, puts.tag),
  ])
}

function keyOf({ kind, owner, target, label, app }: Edge): object {
  switch (kind) {
    case 'follow':
      return { follower: owner, followed: target }
    case 'mute':
      return { owner, muted: target }
    case 'bookmark':
      return { owner, post_key: target }
    case 'tag':
      return { target, label, tagger: owner, app }
  }
}

function valuesOf({ kind, targetKind }: Edge, { id, path }: Assertion): object {
  if (kind === 'bookmark') return { id }
  if (kind === 'tag') return { id, path, target_kind: TARGET_KINDS.indexOf(targetKind) }
  return {}
}
