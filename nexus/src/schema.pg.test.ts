import { join } from 'node:path'
import { createTestDatabase } from '@pubky/testkit/pg'
import { schemaDrift } from '@pubky/testkit/schema-drift'
import { expect, test } from 'vitest'
import { MIGRATIONS } from './projections/views/fixture.ts'

const SCHEMA = join(MIGRATIONS, '../schema.prisma')

test('the schema says what the migrations made, and would tell a difference', async () => {
  await using database = await createTestDatabase(MIGRATIONS)
  expect(await schemaDrift(database.url, SCHEMA)).toMatchObject({ code: 0 })
  await database.pool.query('alter table objects add column more text')
  expect((await schemaDrift(database.url, SCHEMA)).code).toBe(2)
})
