import { parsePostKey } from '@pubky/app-specs'
import { type EnqueuedTaskPromise, type Index, Meilisearch } from 'meilisearch'
import { MAX_QUERY_WORDS, type SearchDoc, type SearchIndex, wordsOf } from '../search-index.ts'
import { SearchEngineError } from './errors.ts'
import { filterOf } from './filter.ts'

export interface MeiliOptions {
  /** Such as `http://127.0.0.1:7700`. */
  url: string
  apiKey?: string
  /** Name of the index; `pubky_posts` unless told. */
  index?: string
  /** Keeps names, labels and the position: they are asked for by prefix and in order. */
  tables: SearchIndex
}

interface PostRecord extends Record<string, unknown> {
  id: string
  key: string
  text: string
  author: string
  kind: string
  labels: string[]
  atMs: number
}

/** As the built-in search forgives typing errors, and newer posts first among equals. */
const SETTINGS = {
  searchableAttributes: ['text'],
  filterableAttributes: ['author', 'kind', 'labels', 'atMs'],
  sortableAttributes: ['atMs'],
  rankingRules: ['words', 'typo', 'exactness', 'proximity', 'attribute', 'atMs:desc'],
  typoTolerance: { minWordSizeForTypos: { oneTypo: 5, twoTypos: 9 } },
  pagination: { maxTotalHits: 2_000 },
}
const TASK_MS = 60_000

/** Full text in Meilisearch; everything else stays in the tables. */
export async function createMeiliSearch(o: MeiliOptions): Promise<SearchIndex> {
  const client = new Meilisearch({ host: o.url, ...(o.apiKey ? { apiKey: o.apiKey } : {}) })
  const posts: Index<PostRecord> = client.index(o.index ?? 'pubky_posts')
  const { tables } = o
  await done(posts.updateSettings(SETTINGS))

  return {
    position: () => tables.position(),

    async reset() {
      await done(posts.deleteAllDocuments())
      await tables.reset()
    },

    /** The engine first: when it stops in between, the batch comes again and says the same. */
    async apply({ position, put, remove }) {
      if (position <= (await tables.position())) return
      const records = [
        ...new Map(put.flatMap(recordOf).map((record) => [record.id, record])).values(),
      ]
      const gone = remove.filter((key) => key.includes(':')).map(idOf)
      if (gone.length > 0) await done(posts.deleteDocuments(gone))
      if (records.length > 0) await done(posts.addDocuments(records, { primaryKey: 'id' }))
      await tables.apply({ position, put: put.map(withoutText), remove })
    },

    // Tasks are awaited when they are applied.
    settled: async () => {},

    async posts({ text, skip = 0, limit, ...filters }) {
      const words = wordsOf(text).slice(0, MAX_QUERY_WORDS)
      if (words.length === 0) return []
      const { hits } = await posts.search(words.join(' '), {
        limit,
        offset: skip,
        filter: filterOf(filters),
        matchingStrategy: 'all',
        attributesToRetrieve: ['key'],
        showRankingScore: true,
      })
      return hits.map((hit) => ({ post: parsePostKey(hit.key), score: hit._rankingScore ?? 0 }))
    },

    users: (q, p) => tables.users(q, p),
    usersByTags: (labels, p) => tables.usersByTags(labels, p),
    labels: (prefix, p) => tables.labels(prefix, p),
    [Symbol.asyncDispose]: () => tables[Symbol.asyncDispose](),
  }
}

async function done(task: EnqueuedTaskPromise): Promise<void> {
  const { status, error } = await task.waitTask({ timeout: TASK_MS, interval: 20 })
  if (status !== 'succeeded')
    throw new SearchEngineError(`${status}: ${error?.code ?? ''} ${error?.message ?? ''}`.trim())
}

/** Names of documents there hold letters, digits, `-` and `_` only. */
function idOf(key: string): string {
  return key.replace(':', '_')
}

function recordOf(doc: SearchDoc): PostRecord[] {
  if (doc.kind !== 'post') return []
  return [
    {
      id: idOf(doc.key),
      key: doc.key,
      text: wordsOf(doc.text).join(' '),
      author: doc.post.author,
      kind: doc.postKind,
      labels: doc.tags.map((tag) => tag.label),
      atMs: doc.atMs,
    },
  ]
}

function withoutText(doc: SearchDoc): SearchDoc {
  return doc.kind === 'post' ? { ...doc, text: '' } : doc
}
