import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { completeConfig, configProblems, defaults } from './config.ts'
import { readKeypair, refuseWeakKey } from './secret.ts'

const log = createLogger('test')
let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'pubky-secret-'))
})

afterEach(() => rm(dataDir, { recursive: true, force: true }))

test('the key is made once, for nobody else to read', async () => {
  const made = await readKeypair({ secretSeed: null, dataDir }, randomBytes, log)
  const again = await readKeypair({ secretSeed: null, dataDir }, randomBytes, log)
  expect(again.publicKey).toBe(made.publicKey)
  expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600)
})

// covers 11.2.11e
test('a key file that others could read is closed to them', async () => {
  const file = join(dataDir, 'secret')
  await writeFile(file, ` ${'07'.repeat(32)}\n`)
  await chmod(file, 0o644)
  const keypair = await readKeypair({ secretSeed: null, dataDir }, randomBytes, log)
  expect(keypair.publicKey).toBe('7jfgaa9nutjyixzikb7tgmsf9gkwq7iqz498zr1nd5ig1fng4esy')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

// covers 11.2.11e
test('a file that holds no key is told, not overwritten', async () => {
  await writeFile(join(dataDir, 'secret'), 'xx', { mode: 0o600 })
  await expect(readKeypair({ secretSeed: null, dataDir }, randomBytes, log)).rejects.toMatchObject({
    code: 'invalid_config',
  })
})

test('the zero key and the default password are for one machine alone', async () => {
  const zero = '00'.repeat(32)
  const problems = (o: Partial<typeof defaults>) =>
    configProblems(completeConfig({ secretSeed: zero, ...o })).map((one) => one.split(' ')[0])
  expect(problems({})).toEqual([])
  expect(problems({ host: '0.0.0.0' })).toEqual(['ADMIN_PASSWORD', 'SECRET_SEED'])
  expect(problems({ adminHost: '10.0.0.1', adminPassword: 'x' })).toEqual(['SECRET_SEED'])
  expect(problems({ network: 'mainnet', secretSeed: null })).toEqual(['ADMIN_PASSWORD'])

  await writeFile(join(dataDir, 'secret'), zero, { mode: 0o600 })
  const keypair = await readKeypair({ secretSeed: null, dataDir }, randomBytes, log)
  expect(() => refuseWeakKey(completeConfig({ network: 'mainnet' }), keypair)).toThrow('all-zero')
  expect(() => refuseWeakKey(completeConfig({}), keypair)).not.toThrow()
})

test('sign-up is open on the local network only, unless said', () => {
  expect(completeConfig({}).signupMode).toBe('open')
  expect(completeConfig({ network: 'mainnet' }).signupMode).toBe('token_required')
  expect(completeConfig({ network: 'mainnet', signupMode: 'open' }).signupMode).toBe('open')
  expect(defaults.port).toBe(6286)
})
