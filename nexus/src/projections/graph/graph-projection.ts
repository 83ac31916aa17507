import { parsePostKey } from '@pubky/app-specs'
import type { Projection } from '@pubky/indexer'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import type { GraphOp, SocialGraph } from '../../graph/social-graph.ts'
import { postLinks } from '../../objects/edges.ts'
import type { ObjectState } from '../../objects/fold.ts'
import { createEngineProjection, type FactTable } from '../facts/engine-projection.ts'
import { type EdgeName, labelOf, nameOfEdge, targetOf } from '../facts/fact.ts'
import type { Said } from '../facts/fact-table.ts'
import type { ObjectChange } from '../facts/object-states.ts'

export const GRAPH_PROJECTION_VERSION = 2

/** Feeds a `SocialGraph` from the journal. */
export function createGraphProjection(deps: { pool: Pool; graph: SocialGraph }): Projection {
  return createEngineProjection({
    pool: deps.pool,
    name: 'graph',
    version: GRAPH_PROJECTION_VERSION,
    text: false,
    engine: deps.graph,
    newsOf: async (facts, said, changes) => ({ ops: await opsOf(facts, said, changes) }),
  })
}

async function opsOf(
  facts: FactTable,
  said: readonly Said[],
  changes: readonly ObjectChange[],
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
