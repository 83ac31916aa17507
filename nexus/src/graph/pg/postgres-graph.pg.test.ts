import { join } from 'node:path'
import { createTestDatabase } from '@pubky/testkit/pg'
import { socialGraphContract } from '@pubky/testkit/social-graph-contract'
import { createPostgresGraph } from './postgres-graph.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/nexus/migrations')

socialGraphContract('PostgreSQL', async () => {
  const database = await createTestDatabase(MIGRATIONS)
  return Object.assign(createPostgresGraph(database.pool), {
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  })
})
