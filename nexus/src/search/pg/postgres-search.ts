import type { Label } from '@pubky/app-specs'
import type { PublicKeyZ32 } from '@pubky/protocol'
import type { Pool } from 'pg'
import { createPosition } from '../../projections/position.ts'
import type { SearchIndex } from '../search-index.ts'
import { applyDocs } from './apply.ts'
import { postsByWords } from './posts-by-words.ts'

export const SEARCH_VERSION = 2
const TABLES = 'search_posts, search_users, search_labels, search_words'

/** A pattern that finds what begins with this text. */
function prefix(text: string): string {
  return `${text.replace(/[\\%_]/g, '\\$&')}%`
}

/**
 * Search in full text, trigram and vocabulary tables. The caller owns the pools: of questions, and of what
 * is applied.
 */
export function createPostgresSearch(pool: Pool, applying = pool): SearchIndex {
  const place = createPosition(applying, {
    name: 'search',
    version: SEARCH_VERSION,
    clear: (client) => client.query(`truncate ${TABLES}`),
  })

  return {
    position: place.read,
    reset: place.reset,
    apply: ({ position, put, remove }) =>
      place.advance(position, (client) => applyDocs(client, put, remove)),
    // Committed is found.
    settled: async () => {},
    posts: (q) => postsByWords(pool, q),

    async users(q, { skip = 0, limit }) {
      const byName = 'namePrefix' in q
      const { rows } = await pool.query<{ id: PublicKeyZ32 }>(
        byName
          ? 'select id from search_users where name like $1 order by name, id limit $2 offset $3'
          : 'select id from search_users where id like $1 order by id limit $2 offset $3',
        [prefix(byName ? q.namePrefix.toLowerCase() : q.idPrefix), limit, skip],
      )
      return rows.map(({ id }) => id)
    },

    async usersByTags(labels, { skip = 0, limit }) {
      const { rows } = await pool.query<{ user: PublicKeyZ32; score: number }>(
        `select owner_key as user, sum(taggers)::int as score from search_labels
         where label = any($1) and not of_post
         group by owner_key order by score desc, owner_key desc limit $2 offset $3`,
        [labels, limit, skip],
      )
      return rows
    },

    async labels(text, { skip = 0, limit }) {
      const { rows } = await pool.query<{ label: Label }>(
        `select label from search_labels where label like $1
         group by label order by label limit $2 offset $3`,
        [prefix(text), limit, skip],
      )
      return rows.map(({ label }) => label)
    },

    async [Symbol.asyncDispose]() {},
  }
}
