import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@pubky/testkit/pg'
import { expect, test } from 'vitest'
import { MIGRATIONS } from './testing/server.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCHEMA = join(ROOT, 'prisma/homeserver/schema.prisma')

/** Exit code of `prisma migrate diff`: 0 without a difference, 2 with one. */
async function diff(databaseUrl: string): Promise<{ code: number; script: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'pubky-drift-'))
  const config = join(dir, 'prisma.config.mjs')
  await writeFile(
    config,
    `export default ${JSON.stringify({ schema: SCHEMA, datasource: { url: databaseUrl } })}`,
  )
  const args = ['migrate', 'diff', '--from-config-datasource', '--to-schema', SCHEMA]
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: join(ROOT, 'scripts/schema-engine.mjs'),
    PRISMA_HIDE_UPDATE_MESSAGE: 'true',
    CHECKPOINT_DISABLE: '1',
  }
  const prisma = join(ROOT, 'node_modules/prisma/build/index.js')
  const command = [prisma, ...args, '--config', config, '--script', '--exit-code']
  const result = await new Promise<{ code: number; script: string }>((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, env }, (error, script, text) => {
      resolve({ code: error ? Number(error.code) : 0, script: `${script}${error ? text : ''}` })
    })
  })
  await rm(dir, { recursive: true, force: true })
  return result
}

test('the schema says what the migrations made, and would tell a difference', async () => {
  await using database = await createTestDatabase(MIGRATIONS)
  expect(await diff(database.url)).toMatchObject({ code: 0 })
  await database.pool.query('alter table entries add column more text')
  expect((await diff(database.url)).code).toBe(2)
})
