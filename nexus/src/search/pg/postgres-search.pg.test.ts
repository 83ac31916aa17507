import { join } from 'node:path'
import { createTestDatabase } from '@pubky/testkit/pg'
import { searchIndexContract } from '@pubky/testkit/search-index-contract'
import { createPostgresSearch } from './postgres-search.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/nexus/migrations')

searchIndexContract('PostgreSQL', async () => {
  const database = await createTestDatabase(MIGRATIONS)
  return Object.assign(createPostgresSearch(database.pool), {
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  })
})
