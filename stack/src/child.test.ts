import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@pubky/server-kit/ports'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildSpec, startChild } from './child.ts'
import { FIXTURE_SERVICE } from './fixture-service.ts'
import { noted } from './processes.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-child-'))
  await writeFile(join(dir, 'fixture.mjs'), FIXTURE_SERVICE)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

function spec(name: string, env: Record<string, string> = {}): ChildSpec {
  return {
    name,
    args: [join(dir, 'fixture.mjs')],
    env: () => env,
    logFile: join(dir, 'logs', name),
    pidFile: join(dir, `${name}.pid`),
  }
}

async function ask(url = ''): Promise<number> {
  return Number(await (await fetch(url)).text())
}

describe('startChild', () => {
  it('tells where the service answers, and ends it', async () => {
    const child = await startChild(spec('a'), () => {})
    expect(await ask(child.urls.http)).toBe(child.pid())
    expect(noted(join(dir, 'a.pid'))).toBe(child.pid())
    await child[Symbol.asyncDispose]()
    await expect(ask(child.urls.http)).rejects.toThrow()
    expect(await readFile(join(dir, 'logs/a'), 'utf8')).toBe('{"msg":"ready"}\n')
  })

  it('starts a service again that was killed, at the same port', async () => {
    const port = await freePort()
    const told: string[] = []
    let back = () => {}
    const isBack = new Promise<void>((resolve) => {
      back = resolve
    })
    await using child = await startChild(spec('b', { PORT: String(port) }), (text) => {
      told.push(text)
      if (text === 'b is back') back()
    })
    const before = child.pid() ?? 0
    process.kill(before, 'SIGKILL')
    await isBack
    expect(await ask(`http://127.0.0.1:${port}`)).not.toBe(before)
    expect(told).toEqual(['b ended (SIGKILL); starting it again', 'b is back'])
    expect(child.restarts()).toBe(1)
  })

  it.each([
    ['fails', 'c did not start: the moon is not full.'],
    ['crashes', /^c did not start: .*(out of cheese|Node\.js)/s],
  ])('says why a service that %s did not start', async (FIXTURE_MODE, message) => {
    const start = startChild(spec('c', { FIXTURE_MODE }), () => {})
    await expect(start).rejects.toMatchObject({ code: 'service_failed' })
    await expect(start).rejects.toThrow(message)
  })

  it('ends with the program that started it, even when that is killed', async () => {
    const port = await freePort()
    const given = { ...spec('d'), env: undefined }
    const program = join(dir, 'program.ts')
    const module = JSON.stringify(join(import.meta.dirname, 'child.ts'))
    await writeFile(
      program,
      `import { startChild } from ${module}
       const spec = { ...${JSON.stringify(given)}, env: () => ({ PORT: '${port}' }) }
       startChild(spec, () => {}).then(() => process.send('up'))`,
    )
    const tsx = import.meta.resolve('tsx')
    const parent = spawn(process.execPath, ['--import', tsx, program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await once(parent, 'message')
    const pid = await ask(`http://127.0.0.1:${port}`)
    expect(noted(join(dir, 'd.pid'))).toBe(pid)
    parent.kill('SIGKILL')
    await expect.poll(() => noted(join(dir, 'd.pid'))).toBeNull()
  })
})
