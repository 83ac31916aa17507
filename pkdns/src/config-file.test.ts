import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleConfig } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PKDNS_DEFAULTS, pkdnsSettings } from './config.ts'
import { readConfig } from './config-file.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-config-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

// covers 8.12.14
it('a file of settings is made when it is missing, all of them comments, and never overwritten', async () => {
  const file = join(dir, 'deep', 'pkdns.env')
  const made: unknown[] = []
  const log = { info: (fields: object) => made.push(fields) }
  const read = () => readConfig({ CONFIG_FILE: file }, log as Parameters<typeof readConfig>[1])
  expect(read()).toMatchObject(PKDNS_DEFAULTS)
  expect(await readFile(file, 'utf8')).toBe(sampleConfig(pkdnsSettings))
  const own = 'DNS_PORT=5353\nREQUEST_QUOTA=2r/s\n'
  await writeFile(file, own)
  expect(read()).toMatchObject({ dnsPort: 5353, requestQuota: { count: 2, seconds: 1, burst: 2 } })
  expect(await readFile(file, 'utf8')).toBe(own)
  expect(made).toEqual([{ file }])
})

// covers 8.8.4, 8.12.14
it('a file with settings of old is refused, and stays as it is', async () => {
  const file = join(dir, 'old.env')
  await writeFile(file, 'REQUESTS_PER_SECOND=2\n')
  const log = { info: () => {} } as unknown as Parameters<typeof readConfig>[1]
  expect(() => readConfig({ CONFIG_FILE: file }, log)).toThrow(
    /REQUESTS_PER_SECOND is not a setting/,
  )
})
