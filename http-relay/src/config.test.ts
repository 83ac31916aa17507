import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configTable } from '@pubky/server-kit'
import { expect, test } from 'vitest'
import { completeConfig, httpRelaySettings, idleTimeoutMs } from './config.ts'

test('the README has the table of settings', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  expect(readme).toContain(configTable(httpRelaySettings))
})

test('what is not given has the limits of official relays', () => {
  expect(completeConfig({ port: 0 })).toMatchObject({
    port: 0,
    cors: 'off',
    linkTimeoutSeconds: 600,
    inboxTimeoutSeconds: 25,
    inboxTtlSeconds: 300,
    maxBodyBytes: 2048,
    maxEntries: 10_000,
    persistDir: null,
  })
})

test('a connection may be silent for longer than any request waits on it', () => {
  expect(idleTimeoutMs(completeConfig({}))).toBeGreaterThan(600_000)
  const patient = completeConfig({ linkTimeoutSeconds: 1, inboxTimeoutSeconds: 900 })
  expect(idleTimeoutMs(patient)).toBeGreaterThan(900_000)
})
