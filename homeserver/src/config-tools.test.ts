import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tellConfig } from './config-tools.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-options-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function run(option: string, env: NodeJS.ProcessEnv = {}) {
  const told = { code: 0, out: '', err: '' }
  told.code = await tellConfig(option, {
    env,
    out: (text) => {
      told.out += text
    },
    err: (text) => {
      told.err += text
    },
  })
  return told
}

test('--check-config tells every problem at once, of file and environment', async () => {
  const file = join(dir, 'bad.env')
  await writeFile(
    file,
    'PROT=1\nRATE_LIMITS=GET /x 1r/m ip; GET /x fast ip; GET y 1r/m\nDEFAULT_RATE_READ=1mb\nDEFAULT_QUOTA_MB=-1\nBLOB_STORE=s3\nport 80\n',
  )
  const { code, err } = await run('--check-config', {
    CONFIG_FILE: file,
    ADMIN_PORT: 'x',
    SECRET_SEED: '07',
    HOST: '0.0.0.0',
  })
  expect(code).toBe(1)
  expect(err.trim().split('\n')).toEqual([
    expect.stringMatching(/^- line 6 of .*bad\.env is not NAME=value$/),
    '- PROT is not a setting',
    '- SECRET_SEED must be 64 hexadecimal digits',
    expect.stringMatching(/^- ADMIN_PORT must be/),
    expect.stringMatching(/^- DEFAULT_QUOTA_MB must be/),
    '- DEFAULT_RATE_READ must be a rate like 10mb/s',
    '- RATE_LIMITS has a rule "GET /x fast ip" without a rate like 10r/m, and has a rule "GET y 1r/m" without a path',
    '- ADMIN_PASSWORD must not be the default admin password outside the local network',
    '- S3_ENDPOINT is needed for the blob store s3',
    '- S3_ACCESS_KEY_ID is needed for the blob store s3',
    '- S3_SECRET_ACCESS_KEY is needed for the blob store s3',
  ])
})

test('--check-config is content with defaults, and not with the default password on the net', async () => {
  expect(await run('--check-config')).toMatchObject({
    code: 0,
    out: 'The configuration is fine.\n',
  })
  const open = await run('--check-config', { HOST: '0.0.0.0' })
  expect([open.code, open.err]).toEqual([1, expect.stringContaining('default admin password')])
  const missing = await run('--check-config', { CONFIG_FILE: join(dir, 'none.env') })
  expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('is not there')])
})

// covers 11.2.11d
test('the sample is a configuration, also without its comment signs', async () => {
  const sample = (await run('--sample-config')).out
  const file = join(dir, 'sample.env')
  await writeFile(file, sample.replaceAll(/^#(?=[A-Z0-9_]+=.)/gm, ''))
  expect(await run('--check-config', { CONFIG_FILE: file })).toMatchObject({ code: 0, err: '' })
  expect((await run('--help')).out).toContain('--check-config')
  expect((await run('--nonsense')).code).toBe(2)
})
