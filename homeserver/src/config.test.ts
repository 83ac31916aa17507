import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configTable, loadConfig } from '@pubky/server-kit'
import { expect, test } from 'vitest'
import { completeConfig, defaults, homeserverSettings } from './config.ts'

test('the README has the table of settings', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  expect(readme).toContain(configTable(homeserverSettings))
})

// covers 11.2.11a, 11.2.11b
test('without settings the defaults hold, and what is given is kept', () => {
  expect({ ...loadConfig(homeserverSettings, { env: {} }) }).toEqual({ ...defaults })
  expect(completeConfig({ port: 0, databaseUrl: 'x' })).toMatchObject({
    port: 0,
    databaseUrl: 'x',
    adminPort: 6288,
  })
})

test('bad settings are told all at once', () => {
  const env = { PORT: 'x', SIGNUP_MODE: 'maybe', NETWORK: 'moon' }
  expect(() => loadConfig(homeserverSettings, { env })).toThrow(/PORT .*SIGNUP_MODE .*NETWORK/)
})
