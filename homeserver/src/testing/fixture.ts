import { createTestDatabase } from '@pubky/testkit/pg'
import { afterAll } from 'vitest'
import { MIGRATIONS, startTestServer } from './server.ts'

/** Two processes over one database, for all tests of the file that calls this. */
export async function twoServers() {
  const database = await createTestDatabase(MIGRATIONS)
  afterAll(() => database[Symbol.asyncDispose]())
  const server = await startTestServer(database.url)
  afterAll(() => server[Symbol.asyncDispose]())
  const other = await startTestServer(database.url)
  afterAll(() => other[Symbol.asyncDispose]())
  return { database, server, other }
}
