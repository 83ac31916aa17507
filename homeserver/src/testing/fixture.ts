import { createTestDatabase } from '@pubky/testkit/pg'
import { afterAll } from 'vitest'
import { MIGRATIONS, startTestServer, type TestServerOptions } from './server.ts'

/** A homeserver over a database of its own, for all tests of the file that calls this. */
export async function oneServer(o: TestServerOptions = {}) {
  const database = await createTestDatabase(MIGRATIONS)
  afterAll(() => database[Symbol.asyncDispose]())
  const server = await startTestServer(database.url, o)
  afterAll(() => server[Symbol.asyncDispose]())
  return { database, server }
}

/** Two processes over one database, for all tests of the file that calls this. */
export async function twoServers() {
  const { database, server } = await oneServer()
  const other = await startTestServer(database.url)
  afterAll(() => other[Symbol.asyncDispose]())
  return { database, server, other }
}
