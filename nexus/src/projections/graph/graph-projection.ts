import { parsePostKey } from '@pubky/app-specs'
import type { JournalEntry, Projection } from '@pubky/indexer'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import type { GraphOp, SocialGraph } from '../../graph/social-graph.ts'
import { postLinks } from '../../objects/edges.ts'
import type { ObjectState } from '../../objects/fold.ts'
import { type EdgeName, labelOf, nameOfEdge, targetOf } from '../facts/fact.ts'
import { createFactTable, type Said } from '../facts/fact-table.ts'
import { createObjectStates, type ObjectChange } from '../facts/object-states.ts'

export const GRAPH_PROJECTION_VERSION = 1

/**
 * Feeds a `SocialGraph` from the journal. What each object says is written down first, then the
 * graph learns the difference as absolute facts together with the position: when it stops in
 * between, the same batch comes again and says the same.
 */
export function createGraphProjection(deps: { pool: Pool; graph: SocialGraph }): Projection {
  const { graph } = deps
  const states = createObjectStates(deps.pool)
  const facts = createFactTable(deps.pool, 'graph', { text: false })

  async function opsOf(
    changes: readonly ObjectChange[],
    said: readonly Said[],
  ): Promise<GraphOp[]> {
    const edges = new Map<string, EdgeName>()
    const people = new Map<PublicKeyZ32, GraphOp>()
    for (const { owner, kind, target, label } of said) {
      if (kind === 'profile') people.set(owner, { op: 'user', user: owner, present: false })
      if (kind === 'profile' || kind === 'post') continue
      edges.set(nameOfEdge({ owner, kind, target, label }), { owner, kind, target, label })
    }
    const posts = said.filter((fact) => fact.kind === 'post').map((fact) => fact.target)
    const since = await facts.edgesSince([...edges.values()])
    return [
      ...people.values(),
      ...[...new Set(posts)].map(absentPost),
      ...changes.flatMap((change) => documentOp(change.state)),
      ...[...edges].map(([name, edge]) => edgeOp(edge, since.get(name))),
    ]
  }

  async function apply(
    entries: readonly JournalEntry[],
    { signal }: { signal?: AbortSignal },
  ): Promise<void> {
    const position = entries.at(-1)?.position ?? 0n
    const reached = await graph.position()
    const news = entries.filter((entry) => entry.position > reached)
    if (news.length === 0) return
    try {
      const changes = await states.changes(news)
      signal?.throwIfAborted()
      const said = await facts.write(changes)
      await graph.apply({ position, ops: await opsOf(changes, said) })
      states.remember(changes, position)
    } catch (error) {
      states.forget()
      throw error
    }
  }

  return {
    name: 'graph',
    version: GRAPH_PROJECTION_VERSION,
    position: () => graph.position(),
    apply,
    async reset() {
      states.forget()
      await facts.clear()
      await graph.reset()
    },
    stateDigest: () => facts.digest(),
    noticeDigest: async () => 'none',
  }
}

/** Taken back unless a later fact of the batch says that it is there. */
function absentPost(target: string): GraphOp {
  const nothing = { kind: '', replyTo: null, repostOf: null, mentions: [] }
  return { op: 'post', post: parsePostKey(target), present: false, atMs: 0, ...nothing }
}

function documentOp(state: ObjectState | null): GraphOp[] {
  const doc = state?.doc
  if (!state || !doc || state.deleted) return []
  const present = true
  if (doc.kind === 'profile') return [{ op: 'user', user: state.owner, present }]
  if (doc.kind !== 'post') return []
  const { parent, repost } = postLinks(doc.value)
  return [
    {
      op: 'post',
      post: parsePostKey(`${state.owner}:${doc.id}`),
      present,
      atMs: state.indexedAt,
      kind: doc.value.kind,
      replyTo: parent,
      repostOf: repost,
      mentions: doc.value.mentions,
    },
  ]
}

function edgeOp({ owner, kind, target, label }: EdgeName, since: number | undefined): GraphOp {
  const present = since !== undefined
  const atMs = since ?? 0
  switch (kind) {
    case 'follow':
      return { op: 'follow', from: owner, to: target as PublicKeyZ32, present, atMs }
    case 'bookmark':
      return { op: 'bookmark', from: owner, post: parsePostKey(target), present, atMs }
    case 'tag':
      return {
        op: 'tag',
        tagger: owner,
        target: targetOf(target),
        label: labelOf(label),
        present,
        atMs,
      }
  }
}
