import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTestDatabase, type TestDatabase } from '@pubky/testkit/pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIGRATIONS, startTestServer, type TestServer } from '../testing/server.ts'

const BUILD = join(import.meta.dirname, '../../../scripts/admin-page.mjs')

let database: TestDatabase
let server: TestServer

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [BUILD])
  database = await createTestDatabase(MIGRATIONS)
  server = await startTestServer(database.url)
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

test('browsers get the page where programs get the greeting', async () => {
  const headers = { accept: 'text/html,application/xhtml+xml' }
  const page = await server.admin('GET', '/', { headers })
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(page.headers['content-security-policy']).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self';/,
  )
  expect(page.text).not.toMatch(/<script(?![^>]*src=)|<style| style=| on\w+=/)
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '')
  expect(files.sort()).toEqual(['/page/icon.svg', '/page/main.js', '/page/style.css'])
  for (const path of files) {
    const file = await server.admin('GET', path)
    expect([path, file.status, file.headers['x-content-type-options']]).toEqual([
      path,
      200,
      'nosniff',
    ])
    expect(file.text).not.toContain(server.running.publicKey)
  }
  const program = await server.admin('GET', '/', { headers: { accept: '*/*' } })
  expect(program.text).toBe('Homeserver - Admin Endpoint')
})
