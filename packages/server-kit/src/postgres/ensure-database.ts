import pg from 'pg'

/** Creates the database unless it exists; `adminUrl` names any database of the server. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<string> {
  const url = new URL(adminUrl)
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } catch (error) {
    const duplicate =
      error instanceof pg.DatabaseError && (error.code === '42P04' || error.code === '23505')
    if (!duplicate) throw error
  } finally {
    await client.end()
  }
  url.pathname = `/${name}`
  return url.href
}
