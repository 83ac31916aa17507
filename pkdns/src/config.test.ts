import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configTable } from '@pubky/server-kit'
import { expect, it } from 'vitest'
import { pkdnsSettings } from './config.ts'

it('the README holds every setting', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  expect(readme).toContain(configTable(pkdnsSettings).trim())
})
