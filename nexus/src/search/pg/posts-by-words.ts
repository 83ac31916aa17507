import { type PostKey, parsePostKey } from '@pubky/app-specs'
import type { Pool } from 'pg'
import type { Page } from '../../graph/social-graph.ts'
import { MAX_QUERY_WORDS, type PostQuery, typosFor, wordsOf } from '../search-index.ts'

/** So many of the newest matches are ranked. */
const RANKED = 2_000
const PREFIXES = 20
const NEIGHBOURS = 20

/** A word of the vocabulary that may stand for the word of the query with this index. */
const EXPAND = `
  select t.at::int as at, w.word from unnest($1::text[], $2::int[]) with ordinality as t (term, typos, at)
  cross join lateral (
    (select word from search_words where word = t.term)
    union
    (select word from search_words
     where t.at = cardinality($1) and word like replace(replace(replace(t.term, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%'
     order by uses desc, word limit ${PREFIXES})
    union
    (select word from search_words
     where t.typos > 0 and word % t.term and levenshtein_less_equal(word, t.term, t.typos) <= t.typos
     order by uses desc, word limit ${NEIGHBOURS})
  ) w`

const FIND = `
  with found as (
    select key, at_ms, words from search_posts
    where words @@ $1::tsquery
      and ($3::text is null or author = $3)
      and ($4::text is null or kind = $4)
      and ($5::text is null or labels @> array[$5])
      and at_ms >= $6 and at_ms < $7
    order by at_ms desc, key desc limit ${RANKED}
  )
  select key, (ts_rank_cd(words, $1::tsquery) + 2 * ts_rank(words, $2::tsquery))::float8 as score
  from found order by score desc, at_ms desc, key desc limit $8 offset $9`

/** Full text search over the vocabulary: exact, unfinished and mistyped words. */
export async function postsByWords(
  pool: Pool,
  q: PostQuery & Page,
): Promise<{ post: PostKey; score: number }[]> {
  const terms = [...new Set(wordsOf(q.text))].slice(0, MAX_QUERY_WORDS)
  if (terms.length === 0) return []
  const { rows: words } = await pool.query<{ at: number; word: string }>(EXPAND, [
    terms,
    terms.map((term) => typosFor([...term].length)),
  ])
  const groups = terms.map((_, index) =>
    words.filter(({ at }) => at === index + 1).map(({ word }) => word),
  )
  if (groups.some((group) => group.length === 0)) return []
  const { rows } = await pool.query<{ key: string; score: number }>(FIND, [
    groups.map((group) => `(${group.map(quote).join(' | ')})`).join(' & '),
    terms.map(quote).join(' | '),
    q.author ?? null,
    q.kind ?? null,
    q.tag ?? null,
    clamp(q.window?.fromMs ?? Number.NEGATIVE_INFINITY),
    clamp(q.window?.toMs ?? Number.POSITIVE_INFINITY),
    q.limit,
    q.skip ?? 0,
  ])
  return rows.map(({ key, score }) => ({ post: parsePostKey(key), score }))
}

/** Words hold letters, digits and marks only; quoted they are no operators. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
}

function clamp(ms: number): number {
  return Math.trunc(Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, ms)))
}
