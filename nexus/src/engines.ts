import type { Pool } from 'pg'
import type { NexusConfig } from './config.ts'
import { createNeo4jGraph } from './graph/neo4j/neo4j-graph.ts'
import { createPostgresGraph } from './graph/pg/postgres-graph.ts'
import type { SocialGraph } from './graph/social-graph.ts'
import { createMeiliSearch } from './search/meili/meili-search.ts'
import { createPostgresSearch } from './search/pg/postgres-search.ts'
import type { SearchIndex } from './search/search-index.ts'

type EngineConfig = Pick<
  NexusConfig,
  'neo4jUri' | 'neo4jUser' | 'neo4jPassword' | 'meiliUrl' | 'meiliKey'
>

/** The social graph that the configuration names (design 4). */
export async function openGraph(
  config: EngineConfig,
  pool: Pool,
  applying = pool,
): Promise<SocialGraph> {
  const { neo4jUri: uri, neo4jUser: user, neo4jPassword: password } = config
  if (!uri) return createPostgresGraph(pool, applying)
  return createNeo4jGraph({ uri, ...(user ? { user } : {}), ...(password ? { password } : {}) })
}

/** The search index that the configuration names (design 4). */
export async function openSearch(
  config: EngineConfig,
  pool: Pool,
  applying = pool,
): Promise<SearchIndex> {
  const tables = createPostgresSearch(pool, applying)
  const { meiliUrl: url, meiliKey: apiKey } = config
  if (!url) return tables
  return createMeiliSearch({ url, tables, ...(apiKey ? { apiKey } : {}) })
}
