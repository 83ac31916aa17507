import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choice, configTable, helpText, integerSetting, list, loadConfig, text } from './config.ts'

const schema = {
  port: integerSetting({ env: 'PORT', default: 80, min: 1, max: 65_535, doc: 'Port' }),
  mode: choice({ env: 'MODE', default: 'open', of: ['open', 'closed'], doc: 'Mode' }),
  hosts: list({ env: 'HOSTS', default: ['a'], doc: 'Hosts' }),
  password: text({ env: 'PASSWORD', default: 'weak', doc: 'Password', secret: true }),
}

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-config-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('loadConfig', () => {
  it('takes overrides before the environment, the environment before the file', async () => {
    const file = join(dir, 'a.env')
    await writeFile(file, '# comment\nPORT=81\nMODE="closed"\nHOSTS=x, y\n')
    const env = { PORT: '82', MODE: 'open' }
    expect(loadConfig(schema, { env, file, overrides: { mode: 'closed' } })).toEqual({
      port: 82,
      mode: 'closed',
      hosts: ['x', 'y'],
      password: 'weak',
    })
  })

  it('tells every problem at once, unknown names of the file included', async () => {
    const file = join(dir, 'b.env')
    await writeFile(file, 'PROT=81\n')
    const load = () => loadConfig(schema, { env: { PORT: '0x50', MODE: 'ajar' }, file })
    expect(load).toThrow(expect.objectContaining({ code: 'invalid_config' }))
    expect(load).toThrow(/PROT is not a setting.*PORT must be.*MODE must be one of/)
  })

  it('tells lines that set nothing, and takes quotes of both kinds off', async () => {
    const file = join(dir, 'c.env')
    await writeFile(file, '\n  # comment\nPORT 81\nmode=closed\nPASSWORD=\'a "b"\'\n')
    expect(() => loadConfig(schema, { env: {}, file })).toThrow(
      expect.objectContaining({
        problems: [`line 3 of ${file} is not NAME=value`, `line 4 of ${file} is not NAME=value`],
      }),
    )
    await writeFile(file, 'PASSWORD=\'a "b"\'\nMODE="closed"\n')
    expect(loadConfig(schema, { env: {}, file })).toMatchObject({
      password: 'a "b"',
      mode: 'closed',
    })
  })

  it('tells what is wrong with settings beside each other together with the rest', () => {
    const check = ({ mode }: { mode: string }) => (mode === 'open' ? ['open is not safe here'] : [])
    const load = (env: NodeJS.ProcessEnv) => loadConfig(schema, { env, check })
    expect(() => load({ PORT: 'x' })).toThrow(/PORT must be.*; open is not safe here\.$/)
    expect(load({ MODE: 'closed' }).mode).toBe('closed')
  })

  it('does not serialise secrets', () => {
    const config = loadConfig(schema, { env: { PASSWORD: 'hunter2' } })
    expect(config.password).toBe('hunter2')
    expect(JSON.stringify({ config })).not.toContain('hunter2')
  })

  it('shows defaults in its help, but no secret', () => {
    expect(helpText('x', schema)).toContain('PORT      Port (80)')
    expect(helpText('x', schema) + configTable(schema)).not.toContain('weak')
  })
})
