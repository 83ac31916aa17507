import { execFile } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { keypairFromSeed } from '@pubky/protocol'
import { createLogger } from '@pubky/server-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPkdns } from '../start.ts'
import { main } from './main.ts'
import { parseSeed } from './seed.ts'

let dir: string
let pkdns: Awaited<ReturnType<typeof startPkdns>>
let seed: string
let zone: string
const { publicKey } = keypairFromSeed(new Uint8Array(32).fill(9))

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pubky-cli-'))
  const ports = { relayPort: 0, dhtPort: 0, dnsPort: 0, dohPort: 0 }
  const log = createLogger('test', { level: 'silent' })
  pkdns = await startPkdns({ dataDir: join(dir, 'data'), nodes: 4, ...ports }, { log })
  seed = join(dir, 'seed.txt')
  zone = join(dir, 'pkarr.zone')
  await writeFile(seed, `${'09'.repeat(32)}\n`)
  await writeFile(zone, '@ A {external_ipv4}\nwww 60 CNAME @\ntext TXT "hello"\n')
})
afterAll(async () => {
  await pkdns.close()
  await rm(dir, { recursive: true, force: true })
})

async function run(
  args: string[],
  signal = new AbortController().signal,
  told: (line: string) => void = () => {},
) {
  const lines: string[] = []
  const code = await main([...args, '--relay', pkdns.urls.relay, '--bootstrap', pkdns.urls.dht], {
    tell(line) {
      lines.push(line)
      told(line)
    },
    fail: (line) => lines.push(line),
    signal,
    fetch: (async () => new Response('203.0.113.5')) as typeof fetch,
  })
  return { code, text: lines.join('\n') }
}

// covers 4.1.8, 4.1.9, 4.5.1, 4.5.4, 4.5.5
it('a zone file is checked, published, resolved, traced and answered by DNS', async () => {
  expect((await run(['publickey', seed])).text).toBe(publicKey)
  const checked = await run(['check', zone, '--seed', seed])
  expect(checked.text).toMatch(/3 records, \d+ of 1000 bytes/)
  const published = await run(['publish', seed, zone])
  expect(published.text).toContain('Published to 4 DHT nodes.')
  const resolved = await run(['resolve', `https://www.${publicKey}/path`])
  expect(resolved.text).toContain(`Packet ${publicKey}`)
  expect(resolved.text).toMatch(/^@ {20}300 {5}A {6}203\.0\.113\.5$/m)
  expect(resolved.text).toContain('4 of 4 DHT nodes that answered hold it')
  const traced = await run(['trace', `www.${publicKey}`])
  expect(traced.text).toMatch(new RegExp(`goes on with ${publicKey}`))
  expect(traced.text).toMatch(/NOERROR after/)
  const stub = new Resolver()
  stub.setServers([pkdns.urls.dns])
  expect(await stub.resolve4(`www.${publicKey}`)).toEqual(['203.0.113.5'])
})

// covers 4.5.1, 4.5.4
it('keep-alive publishes until it is ended', async () => {
  const stop = new AbortController()
  const told = (line: string) => /published(, | again)/.test(line) && stop.abort()
  const { text } = await run(['keep-alive', seed, zone], stop.signal, told)
  expect(text).toMatch(/published, 4 nodes; again in \d+ min|published again, 4 nodes/)
})

// covers 4.5.4
it('what is wrong is told in one sentence', async () => {
  const bad = join(dir, 'bad.zone')
  await writeFile(bad, '@ A 999.0.0.1\n')
  expect(await run(['check', bad])).toMatchObject({
    code: 1,
    text: expect.stringContaining('line 1'),
  })
  expect(await run(['publish', join(dir, 'none.txt'), zone])).toMatchObject({ code: 1 })
  expect(await run(['resolve', 'abc'])).toMatchObject({ code: 1 })
  expect(await run(['resolve', publicKey, '--relay', 'relay.example'])).toMatchObject({
    code: 1,
    text: expect.stringContaining('the relay "relay.example" is no address'),
  })
  expect(await run(['nonsense'])).toMatchObject({
    code: 1,
    text: expect.stringContaining('npx pkdns'),
  })
  expect(
    await run(['resolve', keypairFromSeed(new Uint8Array(32).fill(3)).publicKey]),
  ).toMatchObject({
    code: 1,
    text: expect.stringContaining('nothing is published'),
  })
})

// covers 8.1.4, 8.1.6
it('seeds are hexadecimal or z-base-32', () => {
  const z32 = '6kfe1u5jyqxg644eqfgk1cp4w9yjzwq51rn11ftysuo6xkpc64by'
  const hex = 'f28a894f69039e6f6b48714ca931baa7c09bd1db9105291620b4e1e7a9acf682'
  expect(parseSeed(z32).publicKey).toBe(parseSeed(hex).publicKey)
  expect(parseSeed(hex).publicKey).toBe('cb7xxx6wtqr5d6yqudkt47drqswxk57dzy3h7qj3udym5puy9cso')
  expect(() => parseSeed('abc')).toThrow('64 hexadecimal digits')
})

// covers 4.5.4
it('the command ends when its relay is none, and leaves no socket open', async () => {
  const bin = join(import.meta.dirname, '../../bin/pkdns.mjs')
  const args = ['resolve', publicKey, '--relay', 'relay.example', '--bootstrap', '127.0.0.1:9']
  const ended = promisify(execFile)(process.execPath, [bin, ...args])
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no address'),
  })
})

// covers 4.5.4
it('the command runs as a program', async () => {
  const bin = join(import.meta.dirname, '../../bin/pkdns.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [bin, 'generate'], { cwd: dir })
  expect(stdout).toMatch(/^[0-9a-f]{64}\n$/)
})
