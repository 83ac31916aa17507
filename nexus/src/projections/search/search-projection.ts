import { parseArticle, parsePostKey } from '@pubky/app-specs'
import type { Projection } from '@pubky/indexer'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import type { LabelCount, SearchDoc, SearchIndex } from '../../search/search-index.ts'
import { createEngineProjection, type FactTable } from '../facts/engine-projection.ts'
import { type Fact, labelOf } from '../facts/fact.ts'
import type { Said } from '../facts/fact-table.ts'

export const SEARCH_PROJECTION_VERSION = 2
const TARGETS_AT_ONCE = 500

/** Feeds a `SearchIndex` from the journal. */
export function createSearchProjection(deps: { pool: Pool; index: SearchIndex }): Projection {
  return createEngineProjection({
    pool: deps.pool,
    name: 'search',
    version: SEARCH_PROJECTION_VERSION,
    text: true,
    engine: deps.index,
    newsOf: (facts, said) => documentsOf(facts, targetsOf(said)),
  })
}

/** Documents that are made anew: those that changed and those whose labels may have. */
async function documentsOf(facts: FactTable, targets: readonly string[]) {
  const put: SearchDoc[] = []
  const remove: string[] = []
  for (let from = 0; from < targets.length; from += TARGETS_AT_ONCE) {
    const some = targets.slice(from, from + TARGETS_AT_ONCE)
    const documents = await facts.documents(some)
    const labels = await facts.labelsOn(some)
    for (const target of some) {
      const fact = documents.get(target)
      if (fact) put.push(searchDoc(fact, labels.get(target) ?? []))
      else remove.push(target)
    }
  }
  return { put, remove }
}

/** The documents that these facts are about or are carried by. */
function targetsOf(said: readonly Said[]): string[] {
  const about = said.filter(({ kind }) => kind === 'profile' || kind === 'post' || kind === 'tag')
  return [...new Set(about.map(({ target }) => target))]
}

function searchDoc(fact: Fact, labels: { label: string; taggers: number }[]): SearchDoc {
  const tags: LabelCount[] = labels.map(({ label, taggers }) => ({
    label: labelOf(label),
    taggers,
  }))
  const { target } = fact
  if (fact.kind === 'profile') {
    const { name, bio } = fact.fact as { name: string; bio: string | null }
    return { kind: 'user', key: target, user: target as PublicKeyZ32, name, bio: bio ?? '', tags }
  }
  const { kind, content } = fact.fact as { kind: string; content: string }
  return {
    kind: 'post',
    key: target,
    post: parsePostKey(target),
    text: textOf(kind, content),
    postKind: kind,
    tags,
    atMs: fact.atMs,
  }
}

/** The words a reader sees: long posts and collections are JSON inside. */
function textOf(kind: string, content: string): string {
  if (kind === 'long') {
    const { title, body } = parseArticle(content)
    return `${title}\n${body}`
  }
  if (kind !== 'collection') return content
  try {
    const { name, description } = JSON.parse(content) as { name?: unknown; description?: unknown }
    return [name, description].filter((part) => typeof part === 'string').join('\n')
  } catch {
    return content
  }
}
