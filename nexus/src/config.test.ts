import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configTable } from '@pubky/server-kit'
import { expect, test } from 'vitest'
import { nexusSettings } from './config.ts'

test('the README has the table of settings', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  expect(readme).toContain(configTable(nexusSettings).trim())
})
